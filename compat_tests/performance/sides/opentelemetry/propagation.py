"""W3C trace context and baggage, by OpenTelemetry's global propagator as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry import baggage, propagate, trace

from compat_tests.performance import _headers
from compat_tests.performance._timed import Made, Timed
from compat_tests.performance.sides.opentelemetry._pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context


PIPELINE = Pipeline()


def _own_span(carrier: dict[str, str]) -> Context:
    arrived = propagate.extract(carrier)
    return trace.set_span_in_context(PIPELINE.tracer.start_span("charge", arrived), arrived)


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
            propagate.inject(carrier, context)
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
            context = propagate.extract(carrier)
            # Looking at the result keeps a side from putting the work off.
            made.total += trace.get_current_span(context).get_span_context().is_valid
            made.total += baggage.get_baggage("tier", context) == "gold"
        made.last = context

    def sample() -> dict[str, object]:
        found = trace.get_current_span(made.last).get_span_context()
        same = f"{found.trace_id:032x}" in carriers[-1]["traceparent"]
        return {
            "ids": same and f"{found.span_id:016x}" in carriers[-1]["traceparent"],
            "sampled": found.trace_flags.sampled,
            "remote": found.is_remote,
            "state": found.trace_state.to_header(),
            "baggage": sorted(baggage.get_all(made.last)),
        }

    return Timed(run, made.count, sample, prepare=prepare)
