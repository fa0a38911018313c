"""Turn OpenCensus's finished metrics into native ones: the rules, as total functions.

What is read here is of OpenCensus's types or looks like them; what does not is dropped, and that is said.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from opencensus.metrics.export.metric_descriptor import MetricDescriptorType as Type

from midspan import _trouble
from midspan.bridges.opencensus._convert import to_ns
from midspan.bridges.opencensus._start import SCOPE as SCOPE_NAME
from midspan.metrics import Exemplar, HistogramPoint, Metric, MetricKind, NumberPoint, SummaryPoint
from midspan.trace import InstrumentationScope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from midspan.bridges.opencensus._stats._starts import Round
    from midspan.metrics import Point

__all__ = ["COUNT_UNIT", "KINDS", "LONGS", "SCOPE", "attributes", "exemplar", "metric", "number", "text"]

SCOPE: Final = InstrumentationScope(SCOPE_NAME)
# Of a view that counts, OpenCensus tells the unit of what is counted.
COUNT_UNIT: Final = "1"
KINDS: Final = {
    Type.GAUGE_INT64: MetricKind.GAUGE,
    Type.GAUGE_DOUBLE: MetricKind.GAUGE,
    Type.CUMULATIVE_INT64: MetricKind.SUM,
    Type.CUMULATIVE_DOUBLE: MetricKind.SUM,
    Type.CUMULATIVE_DISTRIBUTION: MetricKind.HISTOGRAM,
    Type.SUMMARY: MetricKind.SUMMARY,
}
LONGS: Final = frozenset({Type.GAUGE_INT64, Type.CUMULATIVE_INT64})
_PLAIN: Final = frozenset({str, bool, int, float})


def metric(given: Any, asked: Round, *, is_count: bool = False) -> Metric | None:
    """Return the native metric for one of OpenCensus's; None if nothing is left to tell.

    `asked` is the round of collection, which knows since when series are there.
    `is_count` says that the metric comes from a view that counts, whose unit is "1" whatever OpenCensus says.
    A gauge of distributions has no native counterpart: it is dropped, counted and said.
    """
    try:
        return _metric(given, asked, is_count)
    except Exception as error:  # noqa: BLE001 - anybody's object, and what its properties do
        _trouble.note("opencensus.metric", "a metric of OpenCensus's could not be read", error=error)
        return None


def _metric(given: Any, asked: Round, is_count: bool) -> Metric | None:
    if given is None:
        return None
    descriptor = given.descriptor
    kind = KINDS.get(descriptor.type)
    if kind is None:
        told = "the distribution gauge %s was dropped: no native metric is like it"
        _trouble.note("opencensus.distribution_gauge", told, descriptor.name)
        return None
    points = list(_points(given, kind, asked))
    if not points:
        return None
    return Metric(
        text(descriptor.name),
        COUNT_UNIT if is_count else text(descriptor.unit),
        text(descriptor.description),
        SCOPE,
        None,  # OpenCensus's resource gives way to the pipeline's.
        kind,
        points,
        is_monotonic=kind is MetricKind.SUM,
    )


def _points(given: Any, kind: MetricKind, asked: Round) -> Iterator[Point]:
    descriptor = given.descriptor
    keys = [label.key for label in descriptor.label_keys]
    for series in given.time_series:
        pairs = attributes(keys, (getattr(label, "value", None) for label in series.label_values))
        for point in series.points:
            # A derived gauge whose function is gone has no value.
            if point.value is None:
                continue
            time_ns = _moment(point.timestamp)
            start_ns = _start(series, time_ns, (descriptor.name, tuple(pairs.items())), asked)
            try:
                yield _point(point.value, kind, descriptor.type in LONGS, (pairs, start_ns, time_ns))
            except Exception as error:  # noqa: BLE001 - one bad value must not take the others along
                _trouble.note("opencensus.point", "a value of OpenCensus's is no number", error=error)


def _moment(given: Any) -> int:
    return (None if given is None else to_ns(given)) or time.time_ns()


def _start(series: Any, time_ns: int, name: Any, asked: Round) -> int:
    """Return since when a series counts: since its view was made, else since it was first seen."""
    given = series.start_timestamp
    start_ns = None if given is None else to_ns(given)
    # Of gauges and cumulatives OpenCensus says that they begin whenever they are looked at.
    return start_ns if start_ns is not None and start_ns < time_ns else asked.start_ns(name, time_ns)


def _point(value: Any, kind: MetricKind, is_long: bool, place: tuple[Any, int, int]) -> Point:
    if kind is MetricKind.HISTOGRAM:
        return _histogram(value, place)
    if kind is MetricKind.SUMMARY:
        return _summary(value.value, place)
    return NumberPoint(*place, number(value.value, is_long))


def _histogram(given: Any, place: tuple[Any, int, int]) -> HistogramPoint:
    """Return the histogram for a distribution; the sum of squared deviations has no place in it.

    OpenCensus's buckets hold their lower bound, native ones the upper: the bounds stay as they are, and a
    value that equals one is counted a bucket higher than a native instrument would.
    """
    options = given.bucket_options.type_
    buckets = given.buckets
    if options is None or buckets is None:
        return HistogramPoint(*place, given.count, given.sum, (given.count,), ())
    kept = tuple(exemplar(bucket.exemplar) for bucket in buckets if bucket.exemplar is not None)
    counts = tuple(bucket.count for bucket in buckets)
    return HistogramPoint(*place, given.count, given.sum, counts, tuple(options.bounds), exemplars=kept)


def _summary(given: Any, place: tuple[Any, int, int]) -> SummaryPoint:
    values = given.snapshot.value_at_percentiles
    quantiles = tuple((float(each.percentile) / 100, float(each.value)) for each in values)
    return SummaryPoint(*place, given.count or 0, float(given.sum_data or 0), quantiles)


def exemplar(given: Any) -> Exemplar:
    """Return the native exemplar for OpenCensus's: attachments are attributes."""
    attachments = given.attachments or {}
    pairs = attributes(attachments.keys(), attachments.values())
    return Exemplar(given.value, _moment(given.timestamp), filtered_attributes=pairs)


def number(value: Any, is_long: bool) -> float:
    """Return a value as the measure says: whole or not. What is not whole stays so, and goes on counting."""
    if isinstance(value, int):
        return int(value) if is_long else float(value)
    real = value if type(value) is float else float(value)
    return int(real) if is_long and real.is_integer() else real


def attributes(keys: Iterable[Any], values: Iterable[Any]) -> dict[str, Any]:
    """Return attributes without those that are missing; an empty one is there, and empty."""
    return {
        key if type(key) is str else text(key): value if type(value) in _PLAIN else text(value)
        for key, value in zip(keys, values, strict=False)
        if value is not None
    }


def text(given: Any) -> str:
    """Return names, units and descriptions as text, verbatim."""
    if type(given) is str:
        return given
    return "" if given is None else _trouble.safe_str(given)
