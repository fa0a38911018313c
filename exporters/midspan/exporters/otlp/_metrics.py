"""Write metrics as an OTLP `ExportMetricsServiceRequest` (metrics_service.proto), without protobuf's runtime.

As with spans, the common metric takes the short way, which trusts it. One that holds something odd makes the
short way raise, and is written again by the long way: a point that cannot be sent is left out, and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._metric_fields import mended_metric
from midspan.exporters.otlp._groups import Envelopes, Group
from midspan.exporters.otlp._point_messages import PointWriter
from midspan.exporters.otlp._wire import delimited, varint
from midspan.metrics import MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.metrics import Metric

__all__ = ["MetricsEncoder", "encode_metrics"]

# The field "metrics" (2) of ScopeMetrics, with the length that follows.
_METRICS: Final = b"\x12"
_MAX_TITLES: Final = 4096
_MAX_TITLE: Final = 1024
# The fields aggregation_temporality (2) and is_monotonic (3) of those that have them.
_DELTA: Final = b"\x10\x01"
_CUMULATIVE: Final = b"\x10\x02"
_MONOTONIC: Final = b"\x18\x01"


class MetricsEncoder:
    """Turn metrics into payloads, remembering what repeats.

    Safe to use from several threads, and in a child after a fork: all that is kept are caches.
    """

    def __init__(self) -> None:
        self._assemble = Envelopes().assemble
        self._titles: dict[tuple[str, str, str], bytes] = {}
        points = PointWriter()
        # Metric: gauge = 5, sum = 7, histogram = 9, exponential_histogram = 10, summary = 11.
        # By identity, since hashing a member of an Enum takes a call.
        self._kinds: dict[int, tuple[bytes, Callable[..., None], bool]] = {
            id(MetricKind.GAUGE): (b"\x2a", points.numbers, False),
            id(MetricKind.SUM): (b"\x3a", points.numbers, True),
            id(MetricKind.HISTOGRAM): (b"\x4a", points.histograms, True),
            id(MetricKind.EXPONENTIAL_HISTOGRAM): (b"\x52", points.exponentials, True),
            id(MetricKind.SUMMARY): (b"\x5a", points.summaries, False),
        }

    def encode(self, metrics: Iterable[Any]) -> bytes:
        """Return the payload: metrics grouped by resource, then by scope."""
        # By identity: the groups keep both alive, so that within one payload an id means one object.
        groups: dict[tuple[int, int], Group] = {}
        for metric in metrics:
            try:
                resource, scope = metric.resource, metric.scope
                before, points = self._write(metric)
            except Exception:  # noqa: BLE001 - whatever is odd about it, the long way deals with it
                resource, scope, before, points = self._long(metric)
                if not points:
                    continue
            group = groups.get((id(resource), id(scope)))
            if group is None:
                group = groups[id(resource), id(scope)] = Group(resource, scope)
            group.append(before)
            group.append(points)
        return self._assemble(groups.values())

    def _long(self, metric: Any) -> tuple[Any, Any, bytes, bytes]:  # noqa: ANN401 - a metric, or what looks like one
        """Write a metric with what is odd about it mended; nothing if nothing of it can be sent."""
        try:
            mended = mended_metric(metric)
            if mended.points:
                return mended.resource, mended.scope, *self._write(mended)
        except Exception as error:  # noqa: BLE001 - an object that is no metric may raise anywhere
            _trouble.report(
                "otlp.no_metric", "a metric of type %s is lost", type(metric).__name__, error=error
            )
        return None, None, b"", b""

    def _write(self, metric: Metric) -> tuple[bytes, bytes]:
        """Return the field of a metric, in two pieces; raises whatever an odd value makes it raise."""
        kind = metric.kind
        tag, write_points, has_temporality = self._kinds[id(kind)]
        pieces: list[bytes] = []
        write_points(metric.points, pieces.append)
        if has_temporality:
            pieces.append(_CUMULATIVE if metric.temporality is Temporality.CUMULATIVE else _delta(metric))
            if kind is MetricKind.SUM and metric.is_monotonic:
                pieces.append(_MONOTONIC)
        data = b"".join(pieces)
        title = metric.name, metric.description, metric.unit
        before = (self._titles.get(title) or self._title(title)) + tag + varint(len(data))
        return _METRICS + varint(len(before) + len(data)) + before, data

    def _title(self, title: tuple[str, str, str]) -> bytes:
        # Metric: name = 1, description = 2, unit = 3.
        fields = zip((b"\x0a", b"\x12", b"\x1a"), title, strict=True)
        written = b"".join([delimited(tag, text.encode()) for tag, text in fields if text])
        if len(written) <= _MAX_TITLE:
            if len(self._titles) >= _MAX_TITLES:
                self._titles.clear()
            self._titles[title] = written
        return written


def _delta(metric: Metric) -> bytes:
    if metric.temporality is not Temporality.DELTA:
        raise ValueError("a temporality that OTLP does not have")
    return _DELTA


_encoder: Final = MetricsEncoder()


def encode_metrics(metrics: Iterable[Any]) -> bytes:
    """Return the bytes of an OTLP `ExportMetricsServiceRequest` that holds these finished metrics.

    What cannot be sent as it is (an integer of more than 64 bits, a lone surrogate, a number of a foreign
    type) is replaced by what can be said of it; a point without a number, a metric of no kind is left out.
    Each is counted; nothing raises.
    """
    return _encoder.encode(metrics)
