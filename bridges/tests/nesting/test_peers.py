"""What the peers of a process that nests all three interfaces are told, whatever they read it with."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

import pytest
from opencensus.trace import samplers

from bridges.tests.nesting._apis import ORDERS, Apis
from bridges.tests.nesting._wire import WIRES
from midspan import trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridges.tests.nesting._wire import Wire
    from midspan.testing import MemoryExporter


def within(apis: Apis, order: list[str], work: Callable[[], None]) -> None:
    """Run `work` at every step of the way into a nesting and out of it."""
    if order:
        with apis.span(order[0], f"{len(order)} to go"):
            work()
            within(apis, order[1:], work)
            work()


@pytest.mark.parametrize("order", ORDERS)
def test_a_callee_goes_on_in_the_callers_trace(apis: Apis, memory: MemoryExporter, order: str) -> None:
    """A callee that reads a format with its own interface starts its span under the current one."""
    callers = []

    def call() -> None:
        for wire in WIRES.values():
            callers.append(trace.get_current_span().context)
            # Nothing but the carrier reaches another process.
            contextvars.Context().run(receive, wire, wire.send())

    def receive(wire: Wire, carrier: object) -> None:
        with wire.go_on(carrier):
            pass

    within(apis, order.split("-"), call)
    parents = [span.parent for span in memory.spans if span.name == "callee"]
    assert 6 * len(WIRES) == len(parents)
    assert [(caller.trace_id, caller.span_id, True) for caller in callers] == [
        parent and (parent.trace_id, parent.span_id, parent.is_remote) for parent in parents
    ]


@pytest.mark.parametrize("order", [order for order in ORDERS if "census" in order])
def test_what_opencensus_does_not_sample(memory: MemoryExporter, order: str) -> None:
    """From OpenCensus's unsampled span on, every format and log record says so, and nothing is exported."""
    apis = Apis(samplers.AlwaysOffSampler())
    interfaces = order.split("-")
    sampled = interfaces[: interfaces.index("census")]

    def check() -> None:
        depth = len(inside)
        apis.check(str(depth - 1), is_sampled=depth <= len(sampled))

    inside: list[str] = []

    def descend() -> None:
        if len(inside) < len(interfaces):
            with apis.span(interfaces[len(inside)], str(len(inside))):
                inside.append("a step")
                check()
                descend()
                check()
                inside.pop()

    descend()
    assert {str(depth) for depth in range(len(sampled))} == {span.name for span in memory.spans}
