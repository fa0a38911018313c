"""W3C trace context and baggage, by midspan's global propagator as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compat_tests.performance import _headers
from compat_tests.performance._timed import Made, Timed
from midspan import propagation

if TYPE_CHECKING:
    from midspan.context import Context


def w3c_inject() -> Timed:
    """A remote span context, its state and two members of baggage, written into empty headers."""
    made = Made()
    contexts: list[Context] = []

    def prepare(iterations: int) -> None:
        contexts[:] = [propagation.extract(carrier) for carrier in _headers.fresh(iterations)]

    def run(_iterations: int) -> None:
        for context in contexts:
            carrier: dict[str, str] = {}
            propagation.inject(carrier, context)
            made.total += len(carrier)
        made.last = carrier

    return Timed(run, made.count, lambda: _headers.without_ids(made.last), prepare=prepare)


def w3c_extract() -> Timed:
    """The same headers read, and looked at."""
    made = Made()
    carriers: list[dict[str, str]] = []

    def prepare(iterations: int) -> None:
        carriers[:] = _headers.fresh(iterations)

    def run(_iterations: int) -> None:
        for carrier in carriers:
            context = propagation.extract(carrier)
            # Looking at the result keeps a side from putting the work off.
            made.total += context.span.context.is_valid
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
