"""Write each point of a metric as the lines that Prometheus knows: a value, buckets, quantiles."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.exporters.prometheus._labels import labels_of, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from midspan.metrics import (
        Buckets,
        Exemplar,
        ExponentialHistogramPoint,
        HistogramPoint,
        NumberPoint,
        SummaryPoint,
    )

__all__ = ["Line", "exemplar_labels", "lines_of"]

# OpenMetrics: "the combined length of the label names and values must not exceed 128 UTF-8 characters".
_EXEMPLAR_ROOM: Final = 128
# No scale of OpenTelemetry's is lower than -10 ("Exponential Scale"): all doubles fit one bucket there.
_LEAST_SCALE: Final = -11


class Line(NamedTuple):
    """One sample of a series: what its name ends in, the label that only it has, its value."""

    suffix: str
    extra: tuple[str, str] | None
    value: float
    exemplar: Exemplar | None = None


def _of_number(point: NumberPoint) -> list[Line]:
    return [Line("", None, point.value)]


def _of_counter(point: NumberPoint) -> list[Line]:
    if not point.value >= 0:
        message = f"a counter cannot be {point.value!r}"
        raise ValueError(message)
    newest = max(point.exemplars, key=lambda exemplar: exemplar.timestamp_ns, default=None)
    return [Line("_total", None, point.value, newest)]


def _of_histogram(point: HistogramPoint) -> list[Line]:
    """Return a line for each bucket, each counting all values up to its bound."""
    bounds = list(point.bounds) if point.bucket_counts else []
    counts = point.bucket_counts or (point.count,)
    if len(counts) != len(bounds) + 1 or not _rise(bounds):
        raise ValueError("buckets that contradict their bounds")
    return _distribution([*zip(bounds, counts, strict=False)], point)


def _rise(bounds: Sequence[float]) -> bool:
    return all(low < high for low, high in itertools.pairwise(bounds))


def _of_exponential(point: ExponentialHistogramPoint) -> list[Line]:
    """Return a line for each power of two between the least and the greatest value.

    Bounds that are powers of two stay bounds when a histogram takes a coarser scale, so that series do not
    come and go.
    """
    if point.scale < _LEAST_SCALE:
        message = f"an exponential histogram cannot have the scale {point.scale!r}"
        raise ValueError(message)
    zero = abs(point.zero_threshold)
    below = [(-_power(low), count) for low, _, count in _powers(point.negative, point.scale)]
    above = [(_power(high), count) for _, high, count in _powers(point.positive, point.scale)]
    buckets: dict[float, int] = {}
    for bound, count in [*below, (zero, point.zero_count), *above]:
        # What is nearer to zero than a double can say, or than the threshold, counts as zero.
        shown = zero if abs(bound) <= zero else bound
        buckets[shown] = buckets.get(shown, 0) + count
    return _distribution(sorted(buckets.items()), point)


def _powers(buckets: Buckets, scale: int) -> Iterator[tuple[int, int, int]]:
    """Yield exponents of two around each bucket of scale 0 at most, with its count, without gaps."""
    merged: dict[int, int] = {}
    for place, count in enumerate(buckets.counts):
        index = (buckets.offset + place) >> max(scale, 0)
        merged[index] = merged.get(index, 0) + count
    width = 1 << max(-scale, 0)
    for index, count in merged.items():
        yield index * width, (index + 1) * width, count


def _power(exponent: int) -> float:
    try:
        return math.ldexp(1.0, exponent)
    except OverflowError:
        return math.inf


def _distribution(buckets: Iterable[tuple[float, int]], point: Any) -> list[Line]:  # noqa: ANN401 - of two kinds
    exemplars = sorted(point.exemplars, key=lambda exemplar: exemplar.timestamp_ns, reverse=True)
    lines, reached, below = [], 0, -math.inf
    for bound, count in buckets:
        reached += count
        if bound < math.inf:
            lines.append(_bucket(bound, reached, below, exemplars))
            below = bound
    lines.append(_bucket(math.inf, point.count, below, exemplars))
    if reached > point.count:
        raise ValueError("buckets that hold more than there is")
    if point.sum is not None and not math.isnan(point.sum):
        lines += [Line("_sum", None, point.sum), Line("_count", None, point.count)]
    return lines


def _bucket(bound: float, reached: int, below: float, exemplars: Sequence[Exemplar]) -> Line:
    newest = next((exemplar for exemplar in exemplars if below < exemplar.value <= bound), None)
    return Line("_bucket", ("le", number_text(bound)), reached, newest)


def _of_summary(point: SummaryPoint) -> list[Line]:
    # By its text: a foreign source may name one twice, and a series can be told only once.
    values = {number_text(quantile): value for quantile, value in point.quantiles if 0 <= quantile <= 1}
    quantiles = [Line("", ("quantile", text), value) for text, value in values.items()]
    return [*quantiles, Line("_sum", None, point.sum), Line("_count", None, point.count)]


_LINES: Final[Mapping[str, Callable[[Any], list[Line]]]] = {
    "counter": _of_counter,
    "gauge": _of_number,
    "up_down": _of_number,
    "histogram": _of_histogram,
    "exponential_histogram": _of_exponential,
    "summary": _of_summary,
}


def lines_of(point: Any, kind: str) -> list[Line]:  # noqa: ANN401 - a point of that kind
    """Return the samples of one point: a counter's, a gauge's, or those of one of the distributions.

    Raises:
        ValueError: It contradicts itself, or is a counter that is less than nothing.
    """
    return _LINES[kind](point)


def exemplar_labels(exemplar: Exemplar) -> dict[str, str]:
    """Return what leads from a sample to a trace, and as much else as OpenMetrics has room for."""
    labels = {}
    if exemplar.trace_id:
        labels["trace_id"] = f"{exemplar.trace_id:032x}"
    if exemplar.span_id:
        labels["span_id"] = f"{exemplar.span_id:016x}"
    room = _EXEMPLAR_ROOM - sum(len(name) + len(text) for name, text in labels.items())
    for name, text in labels_of(exemplar.filtered_attributes, labels).items():
        room -= len(name) + len(text)
        if room < 0:
            break
        labels[name] = text
    return labels
