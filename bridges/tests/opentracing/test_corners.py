"""Corners of the bridge: what fails beside it, what is at a limit, what is asked in an odd order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opentracing import Format

from midspan import context, sdk, trace
from midspan.bridges import opentracing as bridge
from midspan.bridges.opentracing import Tracer
from midspan.bridges.opentracing._jaeger import of_tracer
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from midspan.testing import MemoryExporter


class Broken:
    """A propagator of somebody's own, that fails."""

    fields = ()

    def inject(self, carrier: Any, context: Any) -> None:
        """Fail."""
        raise RuntimeError("no")

    def extract(self, carrier: Any, context: Any) -> Any:
        """Fail."""
        raise RuntimeError("no")


def test_a_propagator_that_fails_is_the_propagators_trouble() -> None:
    """The request goes on, without a trace."""
    sdk.configure(exporters=[], environment={})
    tracer = Tracer(propagators={Format.TEXT_MAP: Broken()})
    assert tracer.inject(tracer.start_span("x").context, Format.TEXT_MAP, {}) is None
    assert tracer.extract(Format.TEXT_MAP, {"a": "b"}) is None


def test_binary_baggage_has_limits(tracer: Tracer) -> None:
    """64 items and 8,192 bytes: what does not fit is left out, and what was sent can be read."""
    for key, size in (("many", 1), ("large", 5_000)):
        span = tracer.start_span("x")
        for number in range(100):
            span.set_baggage_item(f"{key}{number}", "v" * size)
        carrier = bytearray()
        tracer.inject(span.context, Format.BINARY, carrier)
        found = tracer.extract(Format.BINARY, carrier)
        assert found is not None
        assert (64 if size == 1 else 1) == len(found.baggage)
        assert len(carrier) < 8_192 + 64


def test_binary_holds_nothing_for_nothing(tracer: Tracer) -> None:
    """A context that names no span and has no baggage leaves the carrier as it is."""
    carrier = bytearray()
    tracer.inject(None, Format.BINARY, carrier)
    assert b"" == carrier
    assert tracer.extract(Format.BINARY, bytearray(37)) is None


def test_binary_carries_baggage_alone(tracer: Tracer) -> None:
    """As text formats do."""
    with context.attached(context.EMPTY.with_baggage({"user": "ada"})):
        carrier = bytearray()
        tracer.inject(tracer.active_span.context, Format.BINARY, carrier)
    found = tracer.extract(Format.BINARY, carrier)
    assert found is not None
    assert (0, {"user": "ada"}) == (found.trace_id, found.baggage)


def test_too_many_binary_items_are_corrupt(tracer: Tracer) -> None:
    """A count that no sender of ours would write is not believed."""
    with pytest.raises(opentracing.SpanContextCorruptedException):
        tracer.extract(Format.BINARY, bytearray(b"\1" * 33 + b"\0\0\0\x41"))


def test_an_unsampled_active_span_keeps_its_children_unsampled(memory: MemoryExporter) -> None:
    """It is active, it has ids, and it can be propagated."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    tracer = Tracer()
    with tracer.start_active_span("outer") as scope:
        inner = tracer.start_span("inner")
        assert scope.span is tracer.active_span
        assert (scope.span.trace_id, 0) == (inner.trace_id, inner.context.flags)
    assert (None, "") == (inner.parent_id, inner.operation_name)
    assert [] == memory.spans


def test_an_unsampled_span_is_forced_once(memory: MemoryExporter) -> None:
    """Before a pipeline is there it cannot be; afterwards priority 0 withdraws it again."""
    sdk.reset()
    early = Tracer().start_span("early").set_tag("sampling.priority", 1)
    assert not early.native.is_recording()
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    span = Tracer().start_span("x", start_time=5.0).set_tag("sampling.priority", 0)
    span.set_tag("sampling.priority", 1).set_tag("sampling.priority", 1).set_tag("sampling.priority", 0)
    span.set_tag("sampling.priority", 2).finish()
    assert [("x", 5_000_000_000)] == [(span.name, span.start_ns) for span in memory.spans]


def test_a_span_active_twice_is_forced_everywhere(memory: MemoryExporter) -> None:
    """Native code sees the recording span wherever the OpenTracing one is active."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    tracer = Tracer()
    span = tracer.start_span("x")
    with tracer.scope_manager.activate(span, False) as outer, tracer.scope_manager.activate(span, False):
        span.set_tag("sampling.priority", 1)
        assert span.native is trace.get_current_span()
        outer.close()
        assert span.native is trace.get_current_span()
    assert not trace.get_current_span().is_recording()


def test_a_span_natively_current_is_forced_there(memory: MemoryExporter) -> None:
    """Also where native code made it current."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    span = Tracer().start_span("x")
    with trace.use_span(span.native):
        span.set_tag("sampling.priority", 1)
        assert span.native is trace.get_current_span()
        assert span.native.is_recording()


def test_under_suppression_nothing_is_recorded(memory: MemoryExporter) -> None:
    """What an exporter does with an instrumented library makes no spans, at any depth."""
    sdk.configure(exporters=[memory], environment={})
    tracer = Tracer()
    with trace.suppressed(), tracer.start_active_span("a"), tracer.start_active_span("b"):
        assert trace.is_suppressed()
        tracer.start_span("c", tags={"error": True}).finish()
    assert [] == memory.spans


def test_a_scope_closed_elsewhere_does_not_stand_in_the_way(tracer: Tracer, elsewhere: Any) -> None:
    """The next span here has the parent that was active before it."""
    with tracer.start_active_span("outer") as outer:
        closed = tracer.start_active_span("closed elsewhere")
        elsewhere.run(closed.close)
        with tracer.start_active_span("next") as scope:
            assert outer.span.native.context == scope.span.native.parent


def test_a_foreign_scope_closed_twice_finishes_once(tracer: Tracer) -> None:
    """As ours does."""

    class Foreign:
        finished = 0

        def finish(self) -> None:
            """Count."""
            self.finished += 1

    span = Foreign()
    scope = tracer.scope_manager.activate(span, True)
    scope.close()
    scope.close()
    assert 1 == span.finished


def test_a_status_at_the_start_of_an_active_span(tracer: Tracer) -> None:
    """Tags given to `start_active_span` go where those given to `start_span` go."""
    tags = {"error": True, "span.kind": "client", "n": 1}
    with tracer.start_active_span("x", tags=tags) as scope:
        native = scope.span.native
    assert (StatusCode.ERROR, trace.SpanKind.CLIENT, {"n": 1}) == (
        native.status.code,
        native.kind,
        native.attributes,
    )
    assert 3 == len(tags)


def test_only_one_of_two_tracers_is_uninstalled() -> None:
    """A tracer that was given to `install` goes on working after `uninstall`, `no_parent_scope` included."""
    managers = pytest.importorskip("opentracing.scope_managers.contextvars")
    mine, other = Tracer(), Tracer()
    bridge.install(tracer=mine)
    bridge.uninstall()
    for tracer in (mine, other):
        with tracer.start_active_span("x"), managers.no_parent_scope():
            assert tracer.active_span is None


class ConstSampler:
    """As jaeger-client has it."""

    def __init__(self, decision: Any) -> None:
        self.decision = decision


class RateLimitingSampler:
    """As jaeger-client has it, in another version."""


def test_a_tracer_is_read_as_far_as_it_goes() -> None:
    """Samplers that are not understood are left out."""
    for sampler, expected in (
        (ConstSampler(decision=True), "parentbased_jaeger_const:1"),
        (ConstSampler(decision=False), "parentbased_jaeger_const:0"),
        (RateLimitingSampler(), None),
        (object(), None),
    ):
        tracer = opentracing.Tracer()
        tracer.sampler = sampler
        assert expected == of_tracer(tracer).sampler


def test_reprs_show_what_is_there(tracer: Tracer) -> None:
    """For whoever looks with a debugger."""
    with tracer.start_active_span("x") as scope:
        for shown in (scope, scope.span, scope.span.set_baggage_item("user", "ada").context):
            assert f"{scope.span.trace_id:032x}" in repr(shown)
