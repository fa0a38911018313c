"""Each fault of OpenTelemetry's OpenTracing shim, as the behaviour that users expect in its place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opentracing import Format, child_of, follows_from
from opentracing.scope_managers import ThreadLocalScopeManager

from midspan import baggage, sdk, trace
from midspan.bridges.opentracing import Tracer
from midspan.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from midspan.testing import MemoryExporter

native_tracer = trace.get_tracer("shop")


def test_binary(tracer: Tracer) -> None:
    """BINARY is a format like the others; the layout is jaeger-client's."""
    span = tracer.start_span("x").set_baggage_item("k", "v")
    carrier = bytearray()
    tracer.inject(span.context, Format.BINARY, carrier)
    ids = span.trace_id.to_bytes(16, "big") + span.span_id.to_bytes(8, "big")
    rest = b"\0" * 8 + b"\x01" + b"\0\0\0\x01" + b"\0\0\0\x01k" + b"\0\0\0\x01v"
    assert ids + rest == bytes(carrier)


def test_baggage_lost_on_activate(tracer: Tracer) -> None:
    """Baggage that a span has is there while it is active."""
    span = tracer.start_span("x").set_baggage_item("user", "ada")
    with tracer.scope_manager.activate(span, False):
        assert "ada" == baggage.get_baggage("user")


def test_baggage_never_in_children(tracer: Tracer) -> None:
    """A child has its parent's baggage."""
    with tracer.start_active_span("outer") as scope:
        scope.span.set_baggage_item("user", "ada")
        assert "ada" == tracer.start_span("inner").get_baggage_item("user")


def test_baggage_never_on_the_wire(tracer: Tracer) -> None:
    """Baggage is sent with the span's identity."""
    headers: dict[str, str] = {}
    tracer.inject(tracer.start_span("x").set_baggage_item("user", "ada").context, Format.TEXT_MAP, headers)
    assert "user=ada" == headers["baggage"]


def test_first_reference_wins_over_a_later_child_of(tracer: Tracer) -> None:
    """The `child_of` is the parent."""
    first, second = tracer.start_span("a"), tracer.start_span("b")
    span = tracer.start_span("x", references=[follows_from(first.context), child_of(second.context)])
    assert second.native.context == span.native.parent


def test_an_active_span_overrides_explicit_references(tracer: Tracer) -> None:
    """What is referred to is the parent, whatever is active."""
    other = tracer.start_span("other")
    with tracer.start_active_span("active"):
        span = tracer.start_span("x", references=[child_of(other.context)])
    assert other.native.context == span.native.parent


def test_follows_from_none_crashes(tracer: Tracer) -> None:
    """It refers to nothing."""
    assert tracer.start_span("x", references=[follows_from(None)]).native.parent is None


def test_under_a_native_span_active_span_is_none_and_a_new_trace_starts(tracer: Tracer) -> None:
    """The native span is active, and OpenTracing's spans are its children."""
    with native_tracer.start_as_current_span("native") as native:
        assert native is tracer.active_span.native
        assert native.context == tracer.start_span("x").native.parent


def test_ot_native_ot_attaches_to_the_outer_ot_span(tracer: Tracer) -> None:
    """The innermost span is the parent, whoever made it."""
    with tracer.start_active_span("outer"), native_tracer.start_as_current_span("native") as native:
        assert native.context == tracer.start_span("inner").native.parent


def test_ignore_active_span_is_ignored(tracer: Tracer) -> None:
    """The span begins a trace of its own, without the baggage of the other."""
    with tracer.start_active_span("outer") as scope:
        scope.span.set_baggage_item("user", "ada")
        for span in (
            tracer.start_span("a", ignore_active_span=True),
            tracer.start_active_span("b", ignore_active_span=True).span,
        ):
            assert (None, {}) == (span.native.parent, span.context.baggage)
            assert scope.span.trace_id != span.trace_id


def test_error_true_leaves_the_status_unset(tracer: Tracer) -> None:
    """It is ERROR."""
    assert StatusCode.ERROR is tracer.start_span("x").set_tag("error", True).native.status.code


def test_error_object_is_stringified(tracer: Tracer) -> None:
    """It is recorded as the exception that it is."""
    span = tracer.start_span("x").log_kv({"event": "error", "error.object": ValueError("no")})
    (event,) = span.native.events
    assert ("ValueError", "no") == (event.attributes["exception.type"], event.attributes["exception.message"])


def test_with_span_that_raises_loses_the_stack(tracer: Tracer, memory: MemoryExporter) -> None:
    """The stack trace leads to the line that raised."""
    with pytest.raises(ValueError, match="no"), tracer.start_span("x"):
        raise ValueError("no")
    stack = memory.spans[0].events[0].attributes["exception.stacktrace"]
    assert 'raise ValueError("no")' in stack


def test_span_kind_is_a_plain_attribute(tracer: Tracer) -> None:
    """It is the native kind."""
    assert SpanKind.CLIENT is tracer.start_span("x", tags={"span.kind": "client"}).native.kind


def test_sampling_priority_is_a_plain_attribute(memory: MemoryExporter) -> None:
    """It decides."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    Tracer().start_span("x", tags={"sampling.priority": 1}).finish()
    assert [("x", {})] == [(span.name, span.attributes) for span in memory.spans]


def test_an_empty_carrier_gives_an_invalid_context_instead_of_none(tracer: Tracer) -> None:
    """There is none."""
    assert tracer.extract(Format.HTTP_HEADERS, {}) is None


def test_traceparent_with_a_capital_t_is_not_seen(tracer: Tracer) -> None:
    """Names of headers are case-insensitive."""
    context = tracer.extract(Format.HTTP_HEADERS, {"Traceparent": f"00-{7:032x}-{8:016x}-01"})
    assert context is not None
    assert 7 == context.trace_id


def test_no_scope_managers() -> None:
    """OpenTracing's own are accepted."""
    manager = ThreadLocalScopeManager()
    with Tracer(manager).start_active_span("x") as scope:
        assert scope is manager.active


class Foreign:
    """A span that has no more than a context, as mocks do."""

    context = opentracing.SpanContext()


def test_foreign_spans_rejected(tracer: Tracer) -> None:
    """They can be active."""
    span = Foreign()
    with tracer.scope_manager.activate(span, False):
        assert span is tracer.active_span


def test_scope_span_is_span_is_false(tracer: Tracer) -> None:
    """It is the very object."""
    span = tracer.start_span("x")
    assert span is tracer.scope_manager.activate(span, False).span


def test_closing_calls_the_wrong_finish(tracer: Tracer) -> None:
    """It calls the span's own, even if it was replaced."""
    called: list[Any] = []
    scope = tracer.start_active_span("x")
    scope.span.finish = lambda: called.append(1)
    scope.close()
    assert [1] == called


def test_out_of_order_close_leaves_a_closed_span_active(tracer: Tracer) -> None:
    """Nothing that was closed is active."""
    outer = tracer.start_active_span("outer")
    inner = tracer.start_active_span("inner")
    outer.close()
    inner.close()
    assert tracer.active_span is None


@pytest.mark.parametrize("covered", [False, True])
def test_closing_in_another_thread_logs_errors_and_leaves_the_span_active(
    tracer: Tracer, memory: MemoryExporter, caplog: pytest.LogCaptureFixture, covered: bool
) -> None:
    """It is finished, silently, and here what was active before is active again."""
    with tracer.start_active_span("outer") as outer:
        scope = tracer.start_active_span("x")
        inner = tracer.start_active_span("inner") if covered else None
        thread = threading.Thread(target=scope.close)
        thread.start()
        thread.join()
        if inner is not None:
            inner.close()
        assert outer is tracer.scope_manager.active
    assert (1, []) == ([span.name for span in memory.spans].count("x"), caplog.messages)
