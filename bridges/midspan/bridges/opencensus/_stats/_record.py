"""Count what OpenCensus code records, exactly, whoever else records or collects at the same moment.

OpenCensus's own objects stay what counts, so that all readback is OpenCensus's. But its additions are written
anew here: OpenCensus loses sums of distributions when two threads meet. CPython (3.10 to 3.13, with its
global lock) switches threads and runs signal handlers only at calls and at jumps (3.10 at any that is taken,
later ones at backward jumps), and up to 3.11 finalizers where a container is made. There is none of these
between the first and the last assignment of an update below.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from opencensus.stats import aggregation_data

from midspan.context import _slot
from midspan.metrics import Exemplar

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.trace import Span

__all__ = ["KEPT", "Kept", "record"]

_get: Final = _slot.get
# Where a distribution keeps its native exemplars, by bucket.
KEPT: Final = "_midspan_exemplars"


class Kept(dict[int, Exemplar]):
    """The latest exemplar of each bucket; a copy for an exporter of OpenCensus's need not copy them."""

    def __deepcopy__(self, memo: Any) -> Kept:
        return self


def record(self: Any, context: Any, value: Any, timestamp: Any, attachments: Any = None) -> None:
    """Count a value in the row of these tags: stands in for `ViewData.record`."""
    view = self.view
    tags = {} if context is None else context.map
    row = tuple([tags.get(column) for column in view.columns])
    rows = self._tag_value_aggregation_data_map
    data = rows.get(row)
    if data is None:
        # Two threads that meet here get the one that came first.
        data = rows.setdefault(row, view.new_aggregation_data())
    update = _UPDATES.get(type(data))
    if update is None:
        # Somebody's own aggregation.
        data.add_sample(value, timestamp, attachments)
    else:
        update(data, value, timestamp, attachments)


def _add(data: Any, value: Any, *_: Any) -> None:
    data._sum_data += value


def _count(data: Any, *_: Any) -> None:
    data._count_data += 1


def _set(data: Any, value: Any, *_: Any) -> None:
    data._value = value


def _distribute(data: Any, value: Any, timestamp: Any, attachments: Any) -> None:
    slot = bisect_right(data._bounds, value)
    kept = data._exemplars
    theirs = None
    if attachments is not None and kept is not None:
        # It refuses attachments that are no strings: before anything is counted.
        theirs = aggregation_data.Exemplar(value, timestamp, attachments)
    counts = data._counts_per_bucket
    means, deviations = [None, value], [0, 0]
    # From here to the blank line: no call, no jump, no new container. What to take is looked up, not asked.
    count = data._count_data + 1
    is_first = count == 1
    old, deviation = data._mean_data, data._sum_of_sqd_deviations
    means[0] = old + (value - old) / count
    mean = means[is_first]
    deviations[0] = deviation + (value - old) * (value - mean)
    deviations[1] = deviation
    counts[slot] += 1
    data._count_data = count
    data._mean_data = mean
    data._sum_of_sqd_deviations = deviations[is_first]

    if theirs is not None:
        kept[slot] = theirs
    span = _get().span
    if attachments is not None or (span is not None and span._limits is not None and span._flags & 1):
        _keep(data, slot, value, attachments, span)


def _keep(data: Any, slot: int, value: Any, attachments: Any, span: Span | None) -> None:
    """Keep a measurement as its bucket's exemplar, with the ids of the span that is current."""
    ids = (0, 0) if span is None else (span._trace_id, span._span_id)
    kept = data.__dict__.get(KEPT)
    if kept is None:
        kept = data.__dict__.setdefault(KEPT, Kept())
    kept[slot] = Exemplar(value, time.time_ns(), *ids, dict(attachments or {}))


_UPDATES: Final[dict[type, Callable[[Any, Any, Any, Any], None]]] = {
    aggregation_data.SumAggregationData: _add,
    aggregation_data.CountAggregationData: _count,
    aggregation_data.LastValueAggregationData: _set,
    aggregation_data.DistributionAggregationData: _distribute,
}
