"""Say how measurements of one instrument become points: choose one in a `View`, or register your own.

An aggregation makes series, and makes points of their snapshots.

>>> from midspan.sdk import aggregation
>>> aggregation.by_name("explicit_bucket_histogram")
ExplicitBuckets(0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
"""

from __future__ import annotations

from midspan.sdk.aggregation._histograms import (
    DEFAULT_BOUNDARIES,
    ExplicitBuckets,
    ExponentialBuckets,
    MinMaxSumCount,
)
from midspan.sdk.aggregation._numbers import Drop, LastValue, Sum
from midspan.sdk.aggregation._protocol import Aggregation, Extremes, Moment, Series
from midspan.sdk.aggregation._registry import by_name, default_for, register

__all__ = [
    "DEFAULT_BOUNDARIES",
    "Aggregation",
    "Drop",
    "ExplicitBuckets",
    "ExponentialBuckets",
    "Extremes",
    "LastValue",
    "MinMaxSumCount",
    "Moment",
    "Series",
    "Sum",
    "by_name",
    "default_for",
    "register",
]
