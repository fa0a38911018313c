"""Divide spans by trace and metrics by resource, and write each part as a message.

Kafka puts what has the same key on the same partition. So all spans of a trace reach the same consumer,
whichever process made them, and all points of a process stay in their order.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.kafka._frames import Frame
from midspan.exporters.otlp import encode_metrics, encode_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["metric_frames", "span_frames"]

_TRACE_IDS: Final = 1 << 128
_DIGEST_BYTES: Final = 16
_NO_KEY: Final = b""


def span_frames(spans: Sequence[Any], key: str, limit: int) -> Iterator[Frame]:
    """Yield the messages of spans: one for each trace (`key="trace_id"`), or one for all (`"none"`).

    What would be longer than `limit` bytes becomes several messages of the same key.
    """
    groups = {_NO_KEY: spans} if key == "none" else _by_trace(spans)
    for name, group in groups.items():
        yield from _spans_within(name, group, limit)


def metric_frames(metrics: Sequence[Any], key: str, limit: int) -> Iterator[Frame]:
    """Yield the messages of metrics: one for each resource (`key="resource"`), or one for all (`"none"`)."""
    groups = {_NO_KEY: metrics} if key == "none" else _by_resource(metrics)
    for name, group in groups.items():
        yield from _metrics_within(name, group, limit)


def _by_trace(spans: Sequence[Any]) -> dict[bytes, Sequence[Any]]:
    groups: dict[Any, list[Any]] = {}
    for span in spans:
        try:
            trace_id = span.context.trace_id
            group = groups.get(trace_id)
        except Exception:  # noqa: BLE001 - an object that is no span: the encoder deals with it
            trace_id, group = None, groups.get(None)
        if group is None:
            group = groups[trace_id] = []
        group.append(span)
    return {_trace_key(trace_id): group for trace_id, group in groups.items()}


def _trace_key(trace_id: Any) -> bytes:  # noqa: ANN401 - what stands where a trace id should
    # The digits, not the sixteen bytes: so the Collector's exporter has it (`partition_traces_by_id`), and a
    # trace of which parts come by way of a collector keeps its partition.
    return b"%032x" % trace_id if type(trace_id) is int and 0 <= trace_id < _TRACE_IDS else _NO_KEY


def _by_resource(metrics: Sequence[Any]) -> dict[bytes, Sequence[Any]]:
    # By identity, since most metrics share one; what is equal has the same key all the same.
    keys: dict[int, bytes] = {}
    groups: dict[bytes, list[Any]] = {}
    for metric in metrics:
        resource = getattr(metric, "resource", None)
        key = keys.get(id(resource))
        if key is None:
            key = keys[id(resource)] = _resource_key(resource)
        groups.setdefault(key, []).append(metric)
    return dict(groups)


def _resource_key(resource: Any) -> bytes:  # noqa: ANN401 - a Resource, or what looks like one
    try:
        told = repr(sorted(resource.attributes.items()))
    except Exception:  # noqa: BLE001 - one that is not ours may raise anywhere
        return _NO_KEY
    return hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest().encode()


def _spans_within(key: bytes, spans: Sequence[Any], limit: int) -> Iterator[Frame]:
    message, middle = encode_spans(spans), len(spans) // 2
    if len(message) <= limit or not middle:
        yield Frame(key, len(spans), message)
        return
    yield from _spans_within(key, spans[:middle], limit)
    yield from _spans_within(key, spans[middle:], limit)


def _metrics_within(key: bytes, metrics: Sequence[Any], limit: int) -> Iterator[Frame]:
    message = encode_metrics(metrics)
    halves = _halves(metrics) if len(message) > limit else ()
    if not halves:
        yield Frame(key, sum(len(metric.points) for metric in metrics), message)
    for half in halves:
        yield from _metrics_within(key, half, limit)


def _halves(metrics: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """Cut in two, a single metric between its points; nothing comes of what cannot be cut."""
    middle = len(metrics) // 2
    if middle:
        return metrics[:middle], metrics[middle:]
    metric = metrics[0]
    middle = len(metric.points) // 2
    if not middle:
        return ()
    points = metric.points
    return [metric._replace(points=points[:middle])], [metric._replace(points=points[middle:])]
