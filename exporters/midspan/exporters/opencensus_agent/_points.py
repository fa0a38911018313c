"""Write points (metrics.proto): numbers, distributions and summaries.

| native | OpenCensus |
|---|---|
| count and sum of a histogram | the same; a sum that nobody knows is 0, and so are squared deviations |
| least and greatest value | nothing |
| exemplar of a histogram | the newest of each bucket; attachments `trace_id` and `span_id` tell its span |
| exemplar of a sum or a gauge | nothing |
| quantile | a percentile, a hundred times as large; that of 0 is left out, where OpenCensus has none |
"""

from __future__ import annotations

import functools
from typing import Any, Final

from midspan.exporters._wire import delimited, int64, pack_double
from midspan.exporters.opencensus_agent._buckets import bucket_fields, explicit_of
from midspan.exporters.opencensus_agent._values import count64, time_field
from midspan.metrics import ExponentialHistogramPoint, HistogramPoint, NumberPoint, SummaryPoint

__all__ = ["distribution_point", "double_point", "int_point", "summary_point"]

_MOST_PERCENT: Final = 100.0


# The points of one collection share their time. Point: timestamp = 1, int64_value = 2, double_value = 3,
# distribution_value = 4, summary_value = 5.
_known_time: Final = functools.lru_cache(64)(functools.partial(time_field, b"\x0a"))


def int_point(point: Any) -> bytes:  # noqa: ANN401 - what should be a NumberPoint
    """Return the `Point` of a whole number; raises what is odd about it, as all of these do."""
    _check(point, NumberPoint)
    return _known_time(point.time_ns) + b"\x10" + int64(point.value)


def double_point(point: Any) -> bytes:  # noqa: ANN401 - as above
    """Return the `Point` of a number that need not be whole."""
    _check(point, NumberPoint)
    if type(point.value) is not float and type(point.value) is not int:
        raise TypeError("no number")
    return _known_time(point.time_ns) + b"\x19" + pack_double(point.value)


def distribution_point(point: Any) -> bytes:  # noqa: ANN401 - what should be a histogram's
    """Return the `Point` of a histogram: its DistributionValue has count = 1, sum = 2, and the buckets."""
    if type(point) is ExponentialHistogramPoint:
        point = explicit_of(point)
    _check(point, HistogramPoint)
    total = b"" if point.sum is None else b"\x11" + pack_double(point.sum)
    fields = b"\x08" + count64(point.count) + total + bucket_fields(point)
    return _known_time(point.time_ns) + delimited(b"\x22", fields)


def summary_point(point: Any) -> bytes:  # noqa: ANN401 - what should be a SummaryPoint
    """Return the `Point` of a summary: its SummaryValue has count = 1, sum = 2, snapshot = 3.

    Count and sum are messages, since they may be missing; Snapshot: percentile_values = 3.
    """
    _check(point, SummaryPoint)
    fields = [
        delimited(b"\x0a", b"\x08" + count64(point.count)),
        delimited(b"\x12", b"\x09" + pack_double(point.sum)),
        delimited(b"\x1a", b"".join(_percentiles(point))),
    ]
    return _known_time(point.time_ns) + delimited(b"\x2a", b"".join(fields))


def _percentiles(point: SummaryPoint) -> list[bytes]:
    """Return the fields of each `ValueAtPercentile` (percentile = 1, value = 2), which must rise."""
    values = {100 * quantile: value for quantile, value in point.quantiles}
    return [
        delimited(b"\x1a", b"\x09" + pack_double(percentile) + b"\x11" + pack_double(values[percentile]))
        for percentile in sorted(values)
        if 0 < percentile <= _MOST_PERCENT
    ]


def _check(point: object, kind: type) -> None:
    if type(point) is not kind:
        raise TypeError("a point that is not as the core makes them")
