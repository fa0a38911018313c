"""Aggregations by name, and by kind of instrument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.sdk.aggregation._histograms import ExplicitBuckets, ExponentialBuckets, MinMaxSumCount
from midspan.sdk.aggregation._numbers import Drop, LastValue, Sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.metrics import Instrument
    from midspan.sdk.aggregation._protocol import Aggregation

__all__ = ["by_name", "default_for", "register"]

_REGISTRY: Final[dict[str, Callable[[], Aggregation]]] = {
    "sum": Sum,
    "last_value": LastValue,
    "explicit_bucket_histogram": ExplicitBuckets,
    "base2_exponential_bucket_histogram": ExponentialBuckets,
    "min_max_sum_count": MinMaxSumCount,
    "drop": Drop,
}


def register(name: str, factory: Callable[[], Aggregation]) -> None:
    """Make an aggregation of your own known by name."""
    _REGISTRY[name] = factory


def by_name(name: str) -> Aggregation:
    """Make a registered aggregation.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in _REGISTRY:
        message = f"aggregation {name!r} is not valid: allowed is one of {', '.join(_REGISTRY)}"
        raise ValueError(message)
    return _REGISTRY[name]()


_DEFAULTS: Final[dict[str, Callable[[], Aggregation]]] = {
    "counter": Sum,
    "up_down_counter": Sum,
    "observable_counter": Sum,
    "observable_up_down_counter": Sum,
    "histogram": ExplicitBuckets,
    "gauge": LastValue,
    "observable_gauge": LastValue,
}


def default_for(instrument: Instrument) -> Aggregation:
    """Return the specification's aggregation for a kind of instrument."""
    return _DEFAULTS[instrument.kind]()
