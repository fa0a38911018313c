"""W3C trace context and baggage, by midspan's global propagator as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat_tests.performance import _headers
from compat_tests.performance._timed import Made, Timed
from compat_tests.performance.sides.midspan._pipeline import Pipeline
from midspan import baggage, propagation

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.context import Context


PIPELINE = Pipeline()


def _own_span(carrier: dict[str, str]) -> Context:
    arrived = propagation.extract(carrier)
    return arrived.with_span(PIPELINE.tracer.start_span("charge", parent=arrived))


def _own_baggage(carrier: dict[str, str]) -> Context:
    return baggage.set_baggage("region", "eu", _own_span(carrier))


def w3c_inject() -> Timed:
    """The context of a span of one's own, its state and what baggage came in, into empty headers."""
    return _inject(_own_span)


def w3c_inject_own() -> Timed:
    """The same with a third member of baggage, so that no side can send what it received."""
    return _inject(_own_baggage)


def _inject(make: Callable[[dict[str, str]], Context]) -> Timed:
    made = Made()
    contexts: list[Context] = []

    def prepare(iterations: int) -> None:
        contexts[:] = [make(carrier) for carrier in _headers.fresh(iterations)]

    def run(_iterations: int) -> None:
        for context in contexts:
            carrier: dict[str, str] = {}
            propagation.inject(carrier, context)
            made.total += len(carrier)
        made.last = carrier

    return Timed(run, made.count, lambda: _headers.without_ids(made.last), prepare=prepare)


def w3c_extract() -> Timed:
    """Three headers read, and looked at."""
    return _extract(_headers.fresh)


def w3c_extract_request() -> Timed:
    """The same among nine others."""
    return _extract(_headers.requests)


def _extract(make: Callable[[int], list[dict[str, str]]]) -> Timed:
    made = Made()
    carriers: list[dict[str, str]] = []

    def prepare(iterations: int) -> None:
        carriers[:] = make(iterations)

    def run(_iterations: int) -> None:
        for carrier in carriers:
            context = propagation.extract(carrier)
            # Looking at the result keeps a side from putting the work off.
            made.total += context.span.context.is_valid  # type: ignore[union-attr]  # the headers name one
            made.total += context.baggage["tier"] == "gold"
        made.last = context

    def sample() -> dict[str, object]:
        found = made.last.span.context
        same = f"{found.trace_id:032x}" in carriers[-1]["traceparent"]
        return {
            "ids": same and f"{found.span_id:016x}" in carriers[-1]["traceparent"],
            "sampled": found.is_sampled,
            "remote": found.is_remote,
            "state": found.trace_state.to_header(),
            "baggage": sorted(made.last.baggage),
        }

    return Timed(run, made.count, sample, prepare=prepare)
