"""Put a request together: whose it is, said once, and then spans or metrics.

Requests of both services have the same shape (trace_service.proto, metrics_service.proto): node = 1,
spans or metrics = 2, resource = 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan.exporters._halving import protobuf_in_two
from midspan.exporters._wire import delimited, each_field
from midspan.exporters.opencensus_agent._node import node_of_many, origin_of, resource_with_all

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Request", "halved"]


class Request:
    """The written spans, or metrics, of one request."""

    def __init__(self, resource_tag: bytes) -> None:
        """Take the tag of the field with which one of them names a resource of its own."""
        self._resource_tag = resource_tag
        self._bodies: list[tuple[int, bytes]] = []
        # The resource is held, so that within a request an id means one object.
        self._resources: dict[int, Any] = {}

    def add(self, resource: Any, body: bytes) -> None:  # noqa: ANN401 - a Resource, or what looks like one
        """Add a written span or metric of a resource."""
        self._resources.setdefault(id(resource), resource)
        self._bodies.append((id(resource), body))

    def to_bytes(self) -> bytes:
        """Return the whole request."""
        origins = {origin_of(resource) for resource in self._resources.values()}
        if len(origins) == 1:
            (origin,) = origins
            request = _joined(origin.node, (body for _, body in self._bodies))
            return request + delimited(b"\x1a", origin.resource)
        # A pipeline has one resource. Where there are several, each span or metric names its own.
        named = {
            known: delimited(self._resource_tag, resource_with_all(resource))
            for known, resource in self._resources.items()
        }
        return _joined(node_of_many(), (body + named[known] for known, body in self._bodies))


def _joined(node: bytes, bodies: Iterable[bytes]) -> bytes:
    # A receiver refuses a stream whose first message has no node.
    return b"".join([delimited(b"\x0a", node), *(delimited(b"\x12", body) for body in bodies)])


def halved(signal: str, payload: bytes) -> list[tuple[bytes, int]]:
    """Return two requests with their counts of spans or points; none if there is but one span or metric.

    Raises:
        ValueError: This is no request.
    """
    return protobuf_in_two(payload, (2,), _points_of if signal == "metrics" else None)


def _points_of(metric: bytes) -> int:
    """Return how many points a metric has (metrics.proto): timeseries = 2; of each, points = 3."""
    return sum(
        field == 3  # noqa: PLR2004 - as said
        for number, series, _ in each_field(metric)
        if number == 2 and isinstance(series, bytes)  # noqa: PLR2004 - as said
        for field, _, _ in each_field(series)
    )
