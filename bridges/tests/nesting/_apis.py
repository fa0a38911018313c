"""Start spans through the three interfaces, and ask every one of them, and every format, what is current."""

from __future__ import annotations

import itertools
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import opentracing
from opencensus.log import TraceLogger, get_log_attrs
from opencensus.trace import execution_context, samplers
from opencensus.trace.tracer import Tracer
from opencensus.trace.tracers.context_tracer import ContextTracer

from bridges.tests.nesting._wire import WIRES
from midspan import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.testing import MemoryExporter

__all__ = ["ORDERS", "Apis", "is_one_line", "lines"]

ORDERS = ["-".join(order) for order in itertools.product(("native", "census", "tracing"), repeat=3)]
_native_tracer = trace.get_tracer("native")


class Apis:
    """The three interfaces, as an application has them before it ever heard of each other."""

    def __init__(self, sampler: Any = None) -> None:
        self.census = Tracer(sampler=sampler or samplers.AlwaysOnSampler())
        self.records: list[logging.LogRecord] = []
        self._log = TraceLogger("nesting")
        handler = logging.Handler()
        handler.emit = self.records.append  # type: ignore[method-assign]
        self._log.addHandler(handler)

    @contextmanager
    def span(self, api: str, name: str) -> Iterator[None]:
        """Run a block in a span of this name."""
        if api == "native":
            with _native_tracer.start_as_current_span(name):
                yield
        elif api == "census":
            with self.census.span(name) as span:
                yield
                assert execution_context.get_current_span() is span
        else:
            with opentracing.global_tracer().start_active_span(name) as scope:
                yield
                assert opentracing.global_tracer().active_span is scope.span

    def check(self, name: str, *, is_sampled: bool = True) -> None:
        """Every interface, every log record and every format says that the span of this name is current."""
        native = trace.get_current_span()
        context = native.context
        assert native.is_recording() is is_sampled
        assert not is_sampled or native.name == name
        assert f"{context.span_id:016x}" == execution_context.get_current_span().span_id
        # A tracer of OpenCensus's that samples nothing has no notion of what is current.
        if isinstance(self.census.tracer, ContextTracer):
            assert self.census.current_span() is execution_context.get_current_span()
        assert opentracing.global_tracer().active_span.native is native
        ids = (f"{context.trace_id:032x}", f"{context.span_id:016x}", is_sampled)
        assert ids == get_log_attrs()
        self._log.warning("step")
        record: Any = self.records[-1]
        assert ids == (record.traceId, record.spanId, record.traceSampled)
        sent = {title: wire.sent() for title, wire in WIRES.items()}
        assert dict.fromkeys(WIRES, (context.trace_id, context.span_id, is_sampled)) == sent

    def write(self, name: str) -> None:
        """Add to the current span through each of the interfaces."""
        trace.get_current_span().set_attribute("native", name)
        trace.get_current_span().add_event(f"native {name}")
        self.census.add_attribute_to_current_span("census", name)
        execution_context.get_current_span().add_annotation(f"census {name}")
        opentracing.global_tracer().active_span.set_tag("tracing", name)
        opentracing.global_tracer().active_span.log_kv({"event": f"tracing {name}"})


def is_one_line(spans: list[trace.Span]) -> bool:
    """Say whether each of three spans is the child of the one before it, the first a root, and all say so.

    What each of them was told, by `Apis.write`, must have come to that span and to no other.
    """
    line = sorted(spans, key=lambda span: span.name)
    parents = [None, *(span.context for span in line[:-1])]
    told = [(dict(span.attributes), sorted({event.name for event in span.events})) for span in line]
    interfaces = ("census", "native", "tracing")
    expected = [(dict.fromkeys(interfaces, n), [f"{each} {n}" for each in interfaces]) for n in "012"]
    return [span.parent for span in line] == parents and told == expected


def lines(memory: MemoryExporter) -> list[bool]:
    """Say of each tree whether it is one line. OpenCensus's roots of one tracer share a trace."""
    below = {span.parent: span for span in memory.spans}
    found = []
    for root in memory.spans:
        if root.parent is None:
            middle = below[root.context]
            found.append(is_one_line([root, middle, below[middle.context]]))
    return found
