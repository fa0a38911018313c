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
from midspan.exporters.otlp._sets import Series
from midspan.exporters.otlp._wire import delimited, varint
from midspan.metrics import Metric, MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    # Name, description, unit, the identity of the scope, the tag of the kind.
    _Key: TypeAlias = tuple[str, str, str, int, bytes]

__all__ = ["MetricsEncoder", "encode_metrics"]

# The field "metrics" (2) of ScopeMetrics, with the length that follows.
_METRICS: Final = b"\x12"
# Metrics and series, of some hundred bytes each. Those that live are remembered, however many they are.
_MAX_REMEMBERED: Final = 10_000
_TIDIED_EVERY: Final = 16
_MAX_TITLE: Final = 1024
# Metric: gauge = 5, sum = 7, histogram = 9, exponential_histogram = 10, summary = 11.
_TAGS: Final = {
    MetricKind.GAUGE: b"\x2a",
    MetricKind.SUM: b"\x3a",
    MetricKind.HISTOGRAM: b"\x4a",
    MetricKind.EXPONENTIAL_HISTOGRAM: b"\x52",
    MetricKind.SUMMARY: b"\x5a",
}
_WITH_TEMPORALITY: Final = frozenset({b"\x3a", b"\x4a", b"\x52"})
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
        points = PointWriter()
        writers = {
            MetricKind.GAUGE: points.numbers,
            MetricKind.SUM: points.numbers,
            MetricKind.HISTOGRAM: points.histograms,
            MetricKind.EXPONENTIAL_HISTOGRAM: points.exponentials,
            MetricKind.SUMMARY: points.summaries,
        }
        # By identity, since hashing a member of an Enum takes a call.
        self._kinds: dict[int, tuple[Callable[..., None], bytes]] = {
            id(kind): (write, _TAGS[kind]) for kind, write in writers.items()
        }
        self._known: dict[_Key, Series] = {}
        self._payloads = 0

    def encode(self, metrics: Iterable[Any]) -> bytes:
        """Return the payload: metrics grouped by resource, then by scope."""
        self._payloads += 1
        # By identity: the groups keep both alive, so that within one payload an id means one object.
        groups: dict[tuple[int, int], Group] = {}
        for metric in metrics:
            try:
                resource, scope, before, points = self._write(metric)
            except Exception:  # noqa: BLE001 - whatever is odd about it, the long way deals with it
                resource, scope, before, points = self._long(metric)
                if not points:
                    continue
            group = groups.get((id(resource), id(scope)))
            if group is None:
                group = groups[id(resource), id(scope)] = Group(resource, scope)
            group.append(before)
            group.append(points)
        if not self._payloads % _TIDIED_EVERY:
            self._forget_what_is_gone()
        return self._assemble(groups.values())

    def _forget_what_is_gone(self) -> None:
        """Forget metrics that this payload did not hold, if more is remembered than may be for no reason."""
        known = list(self._known.items())
        if sum(len(series.places.given) + 1 for _, series in known) > _MAX_REMEMBERED:
            now = self._payloads
            self._known = {key: series for key, series in known if series.last_told == now}

    def _long(self, metric: Any) -> tuple[Any, Any, bytes, bytes]:  # noqa: ANN401 - a metric, or what looks like one
        """Write a metric with what is odd about it mended; nothing if nothing of it can be sent."""
        try:
            mended = mended_metric(metric)
            if mended.points:
                return self._write(mended)
        except Exception as error:  # noqa: BLE001 - an object that is no metric may raise anywhere
            _trouble.report(
                "encoding.no_metric", "a metric of type %s is lost", type(metric).__name__, error=error
            )
        return None, None, b"", b""

    def _write(self, metric: Metric) -> tuple[Any, Any, bytes, bytes]:
        """Return resource, scope, and the field of the metric in two pieces; raises what is odd about it."""
        if type(metric) is not Metric:
            raise TypeError("a metric that is not the core's own")
        name, unit, description, scope, resource, kind, points, temporality, is_monotonic = metric
        write_points, tag = self._kinds[id(kind)]
        # A metric is known by these; where they mislead, its attributes will not be those of the last time.
        key = name, description, unit, id(scope), tag
        series = self._known.get(key)
        if series is None:
            series = self._learn(key)
        series.last_told = self._payloads
        pieces: list[bytes] = []
        write_points(series, points, pieces)
        if tag in _WITH_TEMPORALITY:
            pieces.append(_CUMULATIVE if temporality is Temporality.CUMULATIVE else _delta(temporality))
            if is_monotonic and kind is MetricKind.SUM:
                pieces.append(_MONOTONIC)
        data = b"".join(pieces)
        before = series.title + varint(len(data))
        return resource, scope, _METRICS + varint(len(before) + len(data)) + before, data

    def _learn(self, key: _Key) -> Series:
        """Write and remember all that stands before the length of a metric's data, whose tag comes last."""
        name, description, unit, _, tag = key
        # Metric: name = 1, description = 2, unit = 3.
        fields = (b"\x0a", name), (b"\x12", description), (b"\x1a", unit)
        title = b"".join([delimited(each, text.encode()) for each, text in fields if text]) + tag
        series = Series(title)
        if len(title) <= _MAX_TITLE:
            self._known[key] = series
        return series


def _delta(temporality: Temporality) -> bytes:
    if temporality is not Temporality.DELTA:
        raise ValueError("a temporality that OTLP does not have")
    return _DELTA


_encoder: Final = MetricsEncoder()


def encode_metrics(metrics: Iterable[Any]) -> bytes:
    """Return the bytes of an OTLP `ExportMetricsServiceRequest` that holds these finished metrics.

    What cannot be sent as it is (an integer of more than 64 bits, a lone surrogate, a number of a foreign
    type) is replaced by what can be said of it; a point without a number, a metric of no kind is left out.
    Each is counted; nothing raises. Metrics are read-only, their attributes too: what is written of them is
    remembered, since series are told again and again.
    """
    return _encoder.encode(metrics)
