"""Say whether what arrived is what was sent: one whole trace for each request."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Verdict", "judge", "origin_of"]

_ORIGINS: Final = {
    "midspan.bridges.opentracing": "OpenTracing",
    "midspan.bridges.opencensus": "OpenCensus",
}


class Verdict(NamedTuple):
    """What is to be said, and whether it is good."""

    lines: list[str]
    is_good: bool


def origin_of(span: Any) -> str:  # noqa: ANN401 - a span, or what was read of one
    """Return the interface that a span was made through."""
    return _ORIGINS.get(span.scope.name, "native")


def judge(spans: Sequence[Any], services: Sequence[str], requests: int) -> Verdict:
    """Compare spans with what `requests` requests through `services` must have left."""
    traces: dict[int, list[Any]] = defaultdict(list)
    for span in spans:
        traces[span.context.trace_id].append(span)
    faults = [fault for trace in traces.values() for fault in _faults(trace, services)]
    if len(traces) != requests:
        faults.insert(0, f"{requests} requests, but {len(traces)} traces")
    origins = Counter(map(origin_of, spans))
    made = ", ".join(f"{count} {origin}" for origin, count in sorted(origins.items()))
    if faults:
        return Verdict([f"Not one trace for each request: {fault}." for fault in faults], is_good=False)
    what = "One trace" if requests == 1 else f"{requests} traces for {requests} requests"
    return Verdict([f"{what} through {len(services)} services: {made} spans, none lost."], is_good=True)


def _faults(trace: Sequence[Any], services: Sequence[str]) -> Iterator[str]:
    """Say what is wrong with one trace."""
    ids = {span.context.span_id for span in trace}
    roots = [span.name for span in trace if span.parent is None]
    if len(roots) != 1:
        yield f"it has {len(roots)} roots"
    for span in trace:
        if span.parent is not None and span.parent.span_id not in ids:
            yield f"the parent of {span.name} is missing"
    there = {span.resource.attributes.get("service.name") for span in trace}
    for service in services:
        if service not in there:
            yield f"{service} is not in it"
