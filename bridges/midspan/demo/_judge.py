"""Say whether all arrived that was recorded: a whole trace for each request, a table that counts them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from midspan.demo._services import Service

__all__ = ["Recorded", "Verdict", "judge", "origin_of"]

_ORIGINS: Final = {
    "midspan.bridges.opentracing": "OpenTracing",
    "midspan.bridges.opencensus": "OpenCensus",
}
_INTERFACES: Final = {"opentracing": "OpenTracing", "opencensus": "OpenCensus", "native": "native"}


class Recorded(NamedTuple):
    """What the services left behind."""

    spans: Sequence[Any]
    metrics: Sequence[Any]


class Verdict(NamedTuple):
    """What is to be said, and whether it is good."""

    lines: list[str]
    is_good: bool


def origin_of(item: Any) -> str:  # noqa: ANN401 - a span or a metric, or what was read of one
    """Return the interface that a span or a metric was made through."""
    return _ORIGINS.get(item.scope.name, "native")


def judge(recorded: Recorded, services: Sequence[Service], requests: int) -> Verdict:
    """Compare what was recorded with what `requests` requests through `services` must have left."""
    faults = [
        *(
            f"Not one trace for each request: {fault}."
            for fault in _faults_of(recorded.spans, services, requests)
        ),
        *(f"Not one table of all metrics: {fault}." for fault in _gaps_in(recorded, services, requests)),
    ]
    if faults:
        return Verdict(faults, is_good=False)
    what = "One trace" if requests == 1 else f"{requests} traces for {requests} requests"
    interfaces = {service.interface for service in services}
    exemplars = len(list(_exemplars(recorded.metrics)))
    where = "that trace" if requests == 1 else "those traces"
    spans, metrics = _by_origin(recorded.spans), _by_origin(recorded.metrics)
    lines = [
        f"{what} through {len(services)} services and {len(interfaces)} APIs: {spans} spans, none lost.",
        f"One table of {metrics} metrics: each of {exemplars} exemplars points at a span of {where}.",
    ]
    return Verdict(lines, is_good=True)


def _by_origin(items: Iterable[Any]) -> str:
    origins = Counter(map(origin_of, items))
    return ", ".join(f"{count} {origin}" for origin, count in sorted(origins.items()))


def _faults_of(spans: Sequence[Any], services: Sequence[Service], requests: int) -> Iterator[str]:
    """Say what is wrong with the traces."""
    traces: dict[int, list[Any]] = defaultdict(list)
    for span in spans:
        traces[span.context.trace_id].append(span)
    if len(traces) != requests:
        yield f"{requests} requests, but {len(traces)} traces"
    for trace in traces.values():
        yield from _faults_in(trace, services)


def _faults_in(trace: Sequence[Any], services: Sequence[Service]) -> Iterator[str]:
    ids = {span.context.span_id for span in trace}
    roots = [span.name for span in trace if span.parent is None]
    if len(roots) != 1:
        yield f"it has {len(roots)} roots"
    for span in trace:
        if span.parent is not None and span.parent.span_id not in ids:
            yield f"the parent of {span.name} is missing"
    for service in services:
        origins = {origin_of(span) for span in trace if _service_of(span) == service.name}
        if not origins:
            yield f"{service.name} is not in it"
        elif origins != {_INTERFACES[service.interface]}:
            yield f"{service.name} speaks {' and '.join(sorted(origins))} in it"


def _gaps_in(recorded: Recorded, services: Sequence[Service], requests: int) -> Iterator[str]:
    """Say what the metrics do not tell of the requests, or tell wrongly."""
    for service in services:
        if service.counts is not None:
            yield from _miscounts(recorded.metrics, service, requests)
    ids = {(span.context.trace_id, span.context.span_id) for span in recorded.spans}
    for name, exemplar in _exemplars(recorded.metrics):
        if (exemplar.trace_id, exemplar.span_id) not in ids:
            yield f"an exemplar of {name} points at no span of the traces"


def _miscounts(metrics: Sequence[Any], service: Service, requests: int) -> Iterator[str]:
    own = [metric for metric in metrics if _service_of(metric) == service.name]
    counted = sum(point.value for metric in own if metric.name == service.counts for point in metric.points)
    if counted != requests * service.per_request:
        yield f"{service.name} counted {counted} {service.counts} of {requests * service.per_request}"
    if {origin_of(metric) for metric in own} != {_INTERFACES[service.interface]}:
        yield f"{service.name} should measure through {_INTERFACES[service.interface]} alone"
    if not list(_exemplars(own)):
        yield f"no exemplar of {service.name} points into the traces"


def _exemplars(metrics: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield exemplars, each with the name of its metric."""
    for metric in metrics:
        for point in metric.points:
            for exemplar in getattr(point, "exemplars", ()):
                yield metric.name, exemplar


def _service_of(item: Any) -> Any:  # noqa: ANN401 - a span or a metric; its service's name
    return item.resource.attributes.get("service.name")
