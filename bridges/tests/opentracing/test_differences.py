"""What differs from other OpenTracing tracers: each row of the table in docs/opentracing.md, as a test."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opentracing import Format, child_of

from midspan import _trouble, baggage, sdk, testing, trace
from midspan.bridges import opentracing as bridge
from midspan.bridges.opentracing import Tracer
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from midspan.testing import MemoryExporter

PAGE = Path(__file__).parents[3] / "docs" / "opentracing.md"


def events(span: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return names and attributes of a span's events."""
    return [(event.name, dict(event.attributes)) for event in span.native.events]


def test_each_row_has_a_test() -> None:
    """The first column of the table is the name of a test here, and the reverse."""
    _, table = PAGE.read_text(encoding="utf-8").split("## What differs")
    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    tests = [
        name[5:] for name in globals() if name.startswith("test_") and name != "test_each_row_has_a_test"
    ]
    assert rows == tests


def test_semantic_tags_are_no_attributes(tracer: Tracer) -> None:
    """They are the native status, kind and sampling decision, and are not said twice."""
    span = tracer.start_span("x", tags={"error": True, "span.kind": "client", "sampling.priority": 1})
    assert {} == span.native.attributes


def test_tag_values_are_text_bool_or_number(tracer: Tracer) -> None:
    """Anything else is its text at the moment when it is set; a later change to the object is not seen."""
    sizes = [1, 2]
    span = tracer.start_span("x").set_tag("sizes", sizes)
    sizes.append(3)
    assert "[1, 2]" == span.native.attributes["sizes"]


def test_the_last_error_tag_counts(tracer: Tracer) -> None:
    """Natively OK is final; OpenTracing's tags replace one another."""
    span = tracer.start_span("x", tags={"error": False}).set_tag("error", True)
    assert StatusCode.ERROR is span.native.status.code


def test_event_names_the_event(tracer: Tracer) -> None:
    """The pair `event` becomes the name, and is no attribute besides."""
    assert [("retry", {"n": 1})] == events(tracer.start_span("x").log_kv({"event": "retry", "n": 1}))


def test_errors_are_exceptions(tracer: Tracer) -> None:
    """`event=error` makes an event called `exception`, in the words that native exceptions have."""
    span = tracer.start_span("x").log_kv({"event": "error", "message": "no"})
    assert [("exception", {"exception.message": "no"})] == events(span)


def test_exceptions_are_recorded_in_every_version(tracer: Tracer) -> None:
    """OpenTracing 2.0 left the span of a failed block without an error; the bridge does not."""
    with pytest.raises(ValueError, match="no"), tracer.start_active_span("x") as scope:
        raise ValueError("no")
    assert StatusCode.ERROR is scope.span.native.status.code


def test_interpreter_signals_are_errors(tracer: Tracer) -> None:
    """What leaves OpenTracing's blocks is an error to it, be it an exit; natively that is no failure."""
    with pytest.raises(SystemExit), tracer.start_active_span("x") as scope:
        sys.exit(0)
    with (
        pytest.raises(SystemExit),
        trace.get_tracer("shop").start_as_current_span("y") as native,
    ):
        sys.exit(0)
    assert (StatusCode.ERROR, StatusCode.UNSET) == (scope.span.native.status.code, native.status.code)


def test_what_is_late_is_dropped(tracer: Tracer) -> None:
    """A tag set after `finish` is not exported; that is counted, and said once."""
    sdk.configure(exporters=[], environment={})
    _trouble.reset()
    span = Tracer().start_span("x")
    span.finish()
    span.set_tag("late", True)
    assert ({}, 1) == (span.native.attributes, _trouble.counts()["span.used_after_end"])


def test_native_spans_are_active(tracer: Tracer) -> None:
    """`active_span` may be one that OpenTracing code did not start; closing its scope does nothing."""
    with trace.get_tracer("shop").start_as_current_span("native") as native:
        tracer.scope_manager.active.close()
        assert native is tracer.active_span.native
    assert native.end_ns is not None


def test_baggage_alone_is_active(tracer: Tracer) -> None:
    """With baggage but no span, `active_span` is a span without identity that has the baggage."""
    with baggage.attached({"tenant": "acme"}):
        assert (0, "acme") == (tracer.active_span.trace_id, tracer.active_span.get_baggage_item("tenant"))


def test_a_covered_scope_closes_late(tracer: Tracer, memory: MemoryExporter) -> None:
    """Closed under another, it is never active again; its span is finished when the other is closed."""
    outer, inner = tracer.start_active_span("outer"), tracer.start_active_span("inner")
    outer.close()
    finished_early = [span.name for span in memory.spans]
    inner.close()
    assert ([], ["inner", "outer"]) == (finished_early, [span.name for span in memory.spans])
    assert tracer.active_span is None


def test_a_scope_closes_in_any_thread(tracer: Tracer, memory: MemoryExporter) -> None:
    """OpenTracing's thread-local manager ignores the call; here it counts, where the scope is active too."""
    thread = threading.Thread(target=tracer.start_active_span("x").close)
    thread.start()
    thread.join()
    assert (["x"], None) == ([span.name for span in memory.spans], tracer.active_span)


def test_tasks_inherit_and_threads_do_not(tracer: Tracer) -> None:
    """What is active goes into asyncio's tasks by itself; into threads and greenlets by `context.carry`."""

    async def main() -> list[Any]:
        async def active() -> Any:
            return tracer.active_span

        with tracer.start_active_span("x") as scope:
            found = [await asyncio.ensure_future(active())]
            thread = threading.Thread(target=lambda: found.append(tracer.active_span))
            thread.start()
            thread.join()
        return [span is scope.span for span in found]

    assert [True, False] == asyncio.run(main())


def test_links_come_from_references(tracer: Tracer) -> None:
    """`references=` makes a link of each reference, the parent among them; `child_of=` alone makes none."""
    parent = tracer.start_span("parent")
    by_list = tracer.start_span("x", references=[child_of(parent.context)])
    by_name = tracer.start_span("y", child_of=parent.context)
    assert [1, 0] == [len(span.native.links) for span in (by_list, by_name)]


def test_baggage_is_shared_with_native_code(tracer: Tracer) -> None:
    """What native code sets is on the spans below it, and the reverse; natively removed, it is gone."""
    with baggage.attached({"tenant": "acme"}), tracer.start_active_span("x") as scope:
        scope.span.set_baggage_item("user", "ada")
        assert {"tenant": "acme", "user": "ada"} == dict(baggage.get_all())


def test_baggage_stays_in_its_trace(tracer: Tracer) -> None:
    """A root that ignores the active span begins without that one's baggage, natively too."""
    with tracer.start_active_span("x") as scope:
        scope.span.set_baggage_item("user", "ada")
        with tracer.start_active_span("y", ignore_active_span=True):
            assert {} == dict(baggage.get_all())


def test_baggage_is_not_logged(tracer: Tracer) -> None:
    """jaeger-client adds a log for each item."""
    assert [] == events(tracer.start_span("x").set_baggage_item("user", "ada"))


def test_a_forced_span_begins_anew(memory: MemoryExporter) -> None:
    """`sampling.priority` on an unsampled span: ids, name, start and first tags stay, later tags are lost."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    span = Tracer().start_span("x", tags={"first": 1}).set_tag("second", 2)
    span_id = span.span_id
    span.set_tag("sampling.priority", 1).set_tag("third", 3).finish()
    (native,) = memory.spans
    assert (span_id, {"first": 1, "third": 3}) == (native.context.span_id, native.attributes)


def test_callers_force_within_a_limit(memory: MemoryExporter) -> None:
    """Debug flags and ids from outside force ten traces a second, or as many as `configure` says."""
    sdk.configure(exporters=[memory], sampler="always_off", forced_per_second=2, environment={})
    tracer = Tracer(propagators="jaeger")
    for _ in range(5):
        tracer.start_span("x", child_of=tracer.extract(Format.TEXT_MAP, {"jaeger-debug-id": "me"})).finish()
    assert 2 == len(memory.spans)


def test_trace_ids_have_128_bits(tracer: Tracer) -> None:
    """jaeger-client makes 64 unless told otherwise; both are understood."""
    assert any(tracer.start_span("x").trace_id >> 64 for _ in range(3))


def test_formats_are_the_processs(tracer: Tracer) -> None:
    """Text formats are what `configure` or OTEL_PROPAGATORS say, unless the tracer is told otherwise."""
    carriers: list[dict[str, str]] = [{}, {}]
    for which, carrier in zip((tracer, Tracer(propagators="jaeger")), carriers, strict=True):
        which.inject(which.start_span("x").context, Format.TEXT_MAP, carrier)
    assert [["traceparent"], ["uber-trace-id"]] == [list(carrier) for carrier in carriers]


def test_binary_is_jaegers(tracer: Tracer) -> None:
    """OpenTracing leaves the layout open; this one other jaeger clients read."""
    carrier = bytearray()
    span = tracer.start_span("x")
    tracer.inject(span.context, Format.BINARY, carrier)
    assert (37, span.trace_id) == (len(carrier), int.from_bytes(carrier[:16], "big"))


def test_corrupt_headers_are_none(tracer: Tracer) -> None:
    """jaeger-client raises into the request; here only BINARY does, where a message was meant to have one."""
    jaeger = Tracer(propagators="jaeger")
    assert jaeger.extract(Format.HTTP_HEADERS, {"uber-trace-id": "junk"}) is None
    with pytest.raises(opentracing.SpanContextCorruptedException):
        jaeger.extract(Format.BINARY, bytearray(b"junk"))


def test_any_mapping_is_a_carrier(tracer: Tracer) -> None:
    """And a list of pairs, and a WSGI environment; jaeger-client wants a `dict`."""
    pairs: list[tuple[str, str]] = []
    span = tracer.start_span("x")
    tracer.inject(span.context, Format.HTTP_HEADERS, pairs)
    found = [tracer.extract(Format.HTTP_HEADERS, carrier) for carrier in (pairs, wsgi(dict(pairs)))]
    assert [span.span_id] * 2 == [context and context.span_id for context in found]


def wsgi(headers: dict[str, str]) -> dict[str, Any]:
    """Return a WSGI environment with these headers."""
    return {"wsgi.version": (1, 0), **{f"HTTP_{name.upper()}": value for name, value in headers.items()}}


def test_any_span_is_injected(tracer: Tracer) -> None:
    """A span in place of a context, a native one, another tracer's; what is none of these injects nothing."""
    native = trace.get_tracer("shop").start_span("native")
    carriers: list[dict[str, str]] = [{}, {}, {}]
    for what, carrier in zip((tracer.start_span("x"), native, object()), carriers, strict=True):
        tracer.inject(what, Format.TEXT_MAP, carrier)
    assert [["traceparent"], ["traceparent"], []] == [list(carrier) for carrier in carriers]


def test_one_span_per_rpc_is_for_remote_callers() -> None:
    """With `one_span_per_rpc` jaeger-client shares ids within a process as well."""
    tracer = Tracer(one_span_per_rpc=True)
    with tracer.start_active_span("client") as scope:
        assert scope.span.span_id != tracer.start_span("server", tags={"span.kind": "server"}).span_id


def test_close_flushes_and_closes_nothing(memory: MemoryExporter) -> None:
    """The pipeline is the process's, not the tracer's."""
    tracer = Tracer()
    tracer.close()
    tracer.start_span("x").finish()
    assert ["x"] == [span.name for span in memory.spans]


def test_a_later_global_tracer_is_absorbed() -> None:
    """`set_global_tracer` keeps the bridge, and whoever uses the other tracer uses the bridge."""
    tracer = bridge.install()
    legacy = opentracing.Tracer()
    opentracing.tracer = legacy
    assert tracer is opentracing.tracer
    with legacy.start_active_span("x") as scope:
        assert scope.span is tracer.active_span


def test_without_a_pipeline_nothing_is_recorded() -> None:
    """A span then passes on what it was given: the caller's ids, and baggage."""
    sdk.reset()
    tracer = Tracer()
    caller = tracer.extract(Format.HTTP_HEADERS, {"traceparent": f"00-{7:032x}-{8:016x}-01"})
    span = tracer.start_span("x", child_of=caller).set_baggage_item("user", "ada")
    headers: dict[str, str] = {}
    tracer.inject(span.context, Format.HTTP_HEADERS, headers)
    assert (f"00-{7:032x}-{8:016x}-01", "user=ada") == (headers["traceparent"], headers["baggage"])
    sdk.configure(exporters=[testing.MemoryExporter()], environment={})
