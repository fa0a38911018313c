"""Exponential buckets: whatever is counted, the buckets hold it, and differences add up."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from midspan.sdk._exponential import Exponential, difference, index_of

magnitudes = st.floats(min_value=1e-300, max_value=1e300)
finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def state(values, max_size=8, max_scale=20):
    """Count values into fresh buckets."""
    made = Exponential(max_size, max_scale)
    for value in values:
        made.count_value(value)
    return made


@given(magnitudes, st.integers(-10, 6))
def test_a_value_lies_within_its_bucket(value, scale):
    """Bucket i holds (base ** i, base ** (i + 1)], up to the precision of the logarithm."""
    index = index_of(value, scale)
    position = math.ldexp(math.log2(value), scale) if scale >= 0 else math.log2(value) / 2**-scale
    assert index - 1e-6 <= position <= index + 1 + 1e-6


@given(st.integers(-300, 300), st.integers(-10, 20))
def test_powers_of_two_are_the_upper_bound_of_their_bucket(exponent, scale):
    """Where the logarithm is a whole number, it is exact."""
    value = math.ldexp(1.0, exponent)
    index = index_of(value, scale)
    expected = (exponent << scale) - 1 if scale >= 0 else ((exponent - 1) >> -scale)
    assert expected == index


@given(st.lists(finite))
def test_every_value_is_counted_and_the_buckets_are_few(values):
    """Counts, zeros, sum and extremes are those of the values; no sign has more buckets than allowed."""
    taken = state(values).snapshot()
    assert len(values) == taken.count
    assert values.count(0) == taken.zero_count
    assert sum(value > 0 for value in values) == sum(taken.positive.counts)
    assert sum(value < 0 for value in values) == sum(taken.negative.counts)
    assert max(len(taken.positive.counts), len(taken.negative.counts)) <= 8
    assert (min(values, default=math.inf), max(values, default=-math.inf)) == (taken.low, taken.high)


@given(st.lists(finite), st.lists(finite))
def test_a_difference_is_what_came_between(before, after):
    """Count, zeros and the counts of both signs are those of the later values alone."""
    made = state(before)
    earlier = made.snapshot()
    for value in after:
        made.count_value(value)
    told = difference(made.snapshot(), earlier)
    assert len(after) == told.count
    assert after.count(0) == told.zero_count
    assert sum(value > 0 for value in after) == sum(told.positive.counts)
    assert sum(value < 0 for value in after) == sum(told.negative.counts)
    assert all(count >= 0 for count in (*told.positive.counts, *told.negative.counts))
