"""Read what other threads are writing: whole, never torn, and without a lock.

A lock could be held by a thread that a fork left behind, or by the very code that a signal handler or a
finalizer interrupts. CPython (3.10 to 3.13, with its global lock) switches threads at calls into Python and
at backward jumps only, so one call into C reads a dictionary as it was at one moment.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

from opencensus.stats.aggregation_data import DistributionAggregationData as Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    K = TypeVar("K")
    V = TypeVar("V")

__all__ = ["distribution", "items_of", "still", "values_of"]

# Up to 3.11 making a list may collect garbage, and a finalizer may record: then it is read again.
_ATTEMPTS: Final = 100


def items_of(mapping: Mapping[K, V]) -> list[tuple[K, V]]:
    """Return the pairs of a dictionary as they were at one moment."""
    for _ in range(_ATTEMPTS):
        try:
            # Not by an OrderedDict's own method: that one asks each key for its hash, in Python.
            return list(dict.items(mapping))  # type: ignore[arg-type]
        except RuntimeError:
            continue
    return list(dict(mapping).items())


def values_of(mapping: Mapping[Any, V]) -> list[V]:
    """Return the values of a dictionary as they were at one moment."""
    return [value for _, value in items_of(mapping)]


def distribution(data: Any) -> tuple[list[int], int, float, float]:
    """Return bucket counts, count, mean and sum of squared deviations, which belong together."""
    counts: Any = data._counts_per_bucket
    # The copy comes first: it alone may let somebody else run, and it does so before it copies.
    return counts[:], data._count_data, data._mean_data, data._sum_of_sqd_deviations


def still(view_data: Any) -> Any:
    """Return a copy of a view's data that changes no more, whoever records meanwhile."""
    twin = copy.copy(view_data)
    rows = items_of(view_data._tag_value_aggregation_data_map)
    twin._tag_value_aggregation_data_map = {tags: _copied(data) for tags, data in rows}
    return twin


def _copied(data: Any) -> Any:
    if type(data) is not Distribution:
        return copy.deepcopy(data)
    counts, count, mean, deviations = distribution(data)
    twin = copy.copy(data)
    twin._counts_per_bucket, twin._count_data = counts, count
    twin._mean_data, twin._sum_of_sqd_deviations = mean, deviations
    twin._exemplars = copy.copy(data._exemplars)
    return twin
