"""Run both sides of each line of the guides' tables, and compare what they leave behind."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opencensus.log import TraceLoggingAdapter
from opencensus.trace import execution_context
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator
from opencensus.trace.samplers import AlwaysOnSampler
from opencensus.trace.span import SpanKind
from opencensus.trace.status import Status
from opencensus.trace.tracer import Tracer

from midspan import baggage, context, propagation, sdk, testing, trace
from midspan.bridges import opencensus as oc_bridge
from midspan.bridges import opentracing as ot_bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[3] / "docs"
CALLER = f"00-{'a' * 32}-{'b' * 16}-01"


def rows(page: str) -> list[Any]:
    """Return the pairs of code of a page's table of call sites."""
    section = (DOCS / page).read_text(encoding="utf-8").partition("## 4. Move the call sites")[2]
    found = re.findall(r"^\| `(.+)` \| `(.+)` \|$", section.partition("\n## ")[0], re.MULTILINE)
    return [pytest.param(before, after, id=before) for before, after in found]


class Play:
    """Run code in a span, and keep what it leaves behind."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.memory = testing.MemoryExporter()
        self.logged: list[Any] = []
        logger = logging.Logger("shop")  # noqa: LOG001 - one of its own for each
        handler = logging.Handler()
        handler.emit = self.log  # type: ignore[method-assign]
        logger.addHandler(handler)
        self.names = {**names, "seen": self.see, "logger": logger, "headers": {"traceparent": CALLER}}
        self.names |= {"error": KeyError("no such card"), "charge": self.charge}
        self.inside: list[Any] = []
        self.value: Any = None

    def charge(self) -> None:
        """Stand for the application's own function."""
        self.see()

    def see(self) -> None:
        """Keep what is current natively."""
        self.inside.append((trace.get_current_span(), dict(baggage.get_all())))

    def log(self, record: Any) -> None:
        """Keep whether a log record tells the ids that are current."""
        here = trace.get_current_span().context
        ids = (f"{here.trace_id:032x}", f"{here.span_id:016x}", True)
        self.logged.append(ids == (record.traceId, record.spanId, record.traceSampled))

    def run(self, code: str) -> None:
        """Run a table's cell: an expression, a statement, or the first line of a block."""
        # A request from elsewhere finds nothing current.
        around = context.attached(context.EMPTY if "headers)" in code else context.current())
        if code.startswith("with "):
            with around:
                exec(f"{code} seen()" if code.endswith(":") else f"{code}; seen()", self.names)
        elif "=" in code.partition("(")[0] or ";" in code:
            exec(f"{code}\nseen()", self.names)
        else:
            self.value = eval(code, self.names)
            self.see()

    def left(self) -> dict[str, Any]:
        """Return what was left behind, with the names of spans for their ids."""
        names = {f"{span.context.span_id:016x}": span.name for span in self.memory.spans} | {
            "b" * 16: "caller"
        }
        return {
            "spans": [_row(span, names) for span in self.memory.spans],
            "inside": [(span.name, items) for span, items in self.inside],
            "sent": names[self.names["headers"]["traceparent"].split("-")[2]],
            "logged": self.logged,
        }

    def answer(self) -> Any:
        """Return the value of the expression that was run: of a span, its name."""
        native = getattr(self.value, "_native", getattr(self.value, "native", self.value))
        return native.name if isinstance(native, trace.Span) else native


def _row(span: trace.Span, names: dict[str, str]) -> dict[str, Any]:
    hidden = ("exception.stacktrace", "opencensus.status_code")
    return {
        "name": span.name,
        "parent": names[f"{span.parent.span_id:016x}"] if span.parent else None,
        "kind": span.kind,
        "status": span.status,
        "attributes": {key: value for key, value in span.attributes.items() if key not in hidden},
        "events": [
            (event.name, {key: value for key, value in event.attributes.items() if key not in hidden})
            for event in span.events
        ],
        "links": list(span.links),
        "times": (span.start_ns, span.end_ns) if span.start_ns < 10**10 else None,
    }


@pytest.fixture(autouse=True)
def _bridges() -> Iterator[None]:
    oc_bridge.install()
    ot_bridge.install()
    token = context._slot.set(context.EMPTY)
    yield
    ot_bridge.uninstall()
    oc_bridge.uninstall()
    sdk.reset()
    execution_context.clear()
    context._slot.reset(token)


def configured(names: dict[str, Any]) -> Play:
    """Return a player over a pipeline of its own."""
    play = Play(names)
    sdk.configure(exporters=[play.memory], strict=True, environment={})
    return play


def natively(code: str, more: dict[str, Any]) -> Play:
    """Run what stands on the right."""
    tracer = trace.get_tracer("shop.checkout")
    play = configured({"trace": trace, "propagation": propagation, "baggage": baggage, "context": context})
    with baggage.attached({"user": "ada"}):
        parent = tracer.start_span("parent", parent=None)
        with tracer.start_as_current_span("current") as span:
            play.names |= {"tracer": tracer, "span": span, "parent": parent, **more}
            play.run(code)
        parent.end()
    return play


def by_opentracing(code: str) -> Play:
    """Run what stands on the left, in OpenTracing."""
    tracer = opentracing.global_tracer()
    play = configured({"opentracing": opentracing, "Format": opentracing.Format, "tracer": tracer})
    parent = tracer.start_span("parent")
    with tracer.start_active_span("current") as scope:
        scope.span.set_baggage_item("user", "ada")
        parent.set_baggage_item("user", "ada")
        play.names |= {"span": scope.span, "parent": parent}
        play.run(code)
    parent.finish()
    return play


def by_opencensus(code: str) -> Play:
    """Run what stands on the left, in OpenCensus."""
    names = (AlwaysOnSampler, SpanKind, Status, TraceLoggingAdapter, Tracer)
    play = configured({each.__name__: each for each in names} | {"execution_context": execution_context})
    tracer = Tracer(sampler=AlwaysOnSampler())
    with baggage.attached({"user": "ada"}):
        with tracer.span("current") as span:
            play.names |= {"tracer": tracer, "span": span, "propagator": TraceContextPropagator()}
            play.run(code)
        trace.get_tracer("old").start_span("parent", parent=None).end()
    return play


def with_ids() -> Any:
    """Return the filter for log records, as the guide has it."""
    page = (DOCS / "migrate-opencensus.md").read_text(encoding="utf-8")
    lines = re.search(r"^(>>> def with_ids.*?)\n\n", page, re.MULTILINE | re.DOTALL)[1].splitlines()  # type: ignore[index]
    names: dict[str, Any] = {"trace": trace}
    exec("\n".join(line[4:] for line in lines), names)
    return names["with_ids"]


def assert_alike(old: Play, new: Play, after: str) -> None:
    """Compare what both left behind and, if that was asked for, what they answered."""
    assert old.left() == new.left()
    if after.startswith(("trace.get_current_span()", "baggage.get_baggage(")) and after.endswith(")"):
        assert old.answer() == new.answer()


@pytest.mark.parametrize(("before", "after"), rows("migrate-opentracing.md"))
def test_a_call_of_opentracing_and_its_successor_leave_the_same(before: str, after: str) -> None:
    """The same spans, the same things current inside, the same headers and values."""
    assert_alike(by_opentracing(before), natively(after, {}), after)


@pytest.mark.parametrize(("before", "after"), rows("migrate-opencensus.md"))
def test_a_call_of_opencensus_and_its_successor_leave_the_same(before: str, after: str) -> None:
    """The same spans, the same things current inside, the same headers, values and log records."""
    assert_alike(by_opencensus(before), natively(after, {"with_ids": with_ids()}), after)


def test_the_tables_were_found() -> None:
    """Both pages have one."""
    assert len(rows("migrate-opentracing.md")) > 10
    assert len(rows("migrate-opencensus.md")) > 10
