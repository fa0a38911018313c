"""jaeger-client reads what the bridge writes, and the reverse, in all three formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jaeger_client
import pytest
from jaeger_client.reporter import InMemoryReporter
from opentracing import Format

from midspan import sdk, testing
from midspan.bridges import opentracing as bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKE = {Format.TEXT_MAP: dict, Format.HTTP_HEADERS: dict, Format.BINARY: bytearray}
CONFIG = {"service_name": "shop", "sampler": {"type": "const", "param": 1}}


@pytest.fixture(params=[False, True], ids=["64-bit", "128-bit"])
def theirs(request: pytest.FixtureRequest) -> Any:
    """A jaeger-client tracer."""
    sampler = jaeger_client.ConstSampler(decision=True)
    return jaeger_client.Tracer("s", InMemoryReporter(), sampler, generate_128bit_trace_id=request.param)


@pytest.fixture
def ours() -> Iterator[bridge.Tracer]:
    """A bridge tracer that speaks Jaeger's formats."""
    sdk.configure(exporters=[testing.MemoryExporter()], environment={})
    yield bridge.install(jaeger_config=CONFIG)
    bridge.uninstall()
    sdk.reset()


@pytest.mark.parametrize("format_", MAKE)
def test_jaeger_client_reads_what_the_bridge_writes(ours: Any, theirs: Any, format_: str) -> None:
    """Ids, decision and baggage arrive."""
    span = ours.start_span("x").set_baggage_item("user", "ada & é")
    carrier = MAKE[format_]()
    ours.inject(span.context, format_, carrier)
    found = theirs.extract(format_, carrier)
    assert (span.trace_id, span.span_id, 1) == (found.trace_id, found.span_id, found.flags)
    assert {"user": "ada & é"} == found.baggage


@pytest.mark.parametrize("format_", MAKE)
def test_the_bridge_reads_what_jaeger_client_writes(ours: Any, theirs: Any, format_: str) -> None:
    """Ids, decision and baggage arrive; a child is in their trace."""
    parent = theirs.start_span("y")
    span = theirs.start_span("x", child_of=parent).set_baggage_item("user", "ada & é")
    carrier = MAKE[format_]()
    theirs.inject(span.context, format_, carrier)
    found = ours.extract(format_, carrier)
    assert (span.trace_id, span.span_id, 1) == (found.trace_id, found.span_id, found.flags)
    assert {"user": "ada & é"} == found.baggage
    assert span.trace_id == ours.start_span("z", child_of=found).trace_id


@pytest.mark.parametrize("format_", MAKE)
def test_debug_and_unsampled_arrive(ours: Any, theirs: Any, format_: str) -> None:
    """Both ways."""
    for priority, flags in ((1, 3), (0, 0)):
        for sender, receiver in ((ours, theirs), (theirs, ours)):
            span = sender.start_span("x").set_tag("sampling.priority", priority)
            carrier = MAKE[format_]()
            sender.inject(span.context, format_, carrier)
            assert flags == receiver.extract(format_, carrier).flags


def test_a_jaeger_span_can_be_a_parent_in_the_same_process(ours: Any, theirs: Any) -> None:
    """While code that holds a jaeger-client tracer is still about."""
    parent = theirs.start_span("x").set_baggage_item("user", "ada")
    child = ours.start_span("y", child_of=parent)
    assert (parent.trace_id, parent.span_id) == (child.trace_id, child.native.parent.span_id)
    with ours.scope_manager.activate(parent, False):
        assert parent is ours.active_span
        assert parent.span_id == ours.start_span("z").native.parent.span_id
