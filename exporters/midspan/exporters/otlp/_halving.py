"""Cut a request that a collector found too large in two, without knowing what it was made of.

What is cut is the list of spans, or of metrics, in all scopes of all resources together: two requests come of
it, each with the resources and scopes of what it holds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._halving import in_two, protobuf_in_two
from midspan.exporters._wire import each_field

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["halve_json", "halve_protobuf"]

# From the request to its spans, or metrics: resource_spans = 1, scope_spans = 2, spans = 2, and likewise for
# metrics (trace_service.proto, metrics_service.proto, trace.proto, metrics.proto).
_PATH: Final = (1, 2, 2)
# Of a Metric, what holds points: gauge, sum, histogram, exponential_histogram, summary; of each, points = 1.
_DATA: Final = frozenset({5, 7, 9, 10, 11})
_JSON_PATHS: Final = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
}


def halve_protobuf(signal: str, payload: bytes) -> list[tuple[bytes, int]]:
    """Return two payloads with their counts of spans or points; none if there is but one span or metric.

    Raises:
        ValueError: This is no request.
    """
    return protobuf_in_two(payload, _PATH, _points_of if signal == "metrics" else None)


def halve_json(signal: str, payload: bytes) -> list[tuple[bytes, int]]:
    """Return the same of the JSON form.

    Raises:
        ValueError: This is no request.
    """
    document, path = json.loads(payload), _JSON_PATHS[signal]
    counts = [_json_points_of(leaf) if signal == "metrics" else 1 for leaf in _json_leaves(document, path)]

    def kept(keep: Iterator[bool]) -> bytes:
        return json.dumps(_json_kept(document, path, keep), separators=(",", ":")).encode()

    return in_two(counts, kept)


def _points_of(metric: bytes) -> int:
    return sum(
        field == 1
        for number, value, _ in each_field(metric)
        if number in _DATA and isinstance(value, bytes)
        for field, _, _ in each_field(value)
    )


def _json_leaves(document: dict[str, Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for item in document.get(path[0], ()):
        if len(path) == 1:
            yield item
        else:
            yield from _json_leaves(item, path[1:])


def _json_kept(document: dict[str, Any], path: tuple[str, ...], keep: Iterator[bool]) -> dict[str, Any]:
    if len(path) == 1:
        items = [item for item in document.get(path[0], ()) if next(keep)]
    else:
        inner = [_json_kept(item, path[1:], keep) for item in document.get(path[0], ())]
        items = [item for item in inner if item[path[1]]]
    return {**document, path[0]: items}


def _json_points_of(metric: dict[str, Any]) -> int:
    return sum(len(data.get("dataPoints", ())) for data in metric.values() if isinstance(data, dict))
