from __future__ import annotations

import math

from midspan.sdk import DeliverySettings
from midspan.sdk._retry import pause_s

DEFAULT = DeliverySettings()


def test_pauses_double_up_to_the_longest():
    """Each failure in a row doubles the pause, half of which is left to chance."""
    longest = [pause_s(attempts, None, DEFAULT, lambda: 1.0) for attempts in range(1, 8)]
    assert [0.5, 1, 2, 4, 8, 15, 15] == longest
    assert [0.25, 0.5] == [pause_s(attempts, None, DEFAULT, lambda: 0.0) for attempts in (1, 2)]


def test_what_the_backend_asks_for_counts():
    """A little is added to it, so that not all clients come back in the same moment."""
    assert 7 == pause_s(1, 7, DEFAULT, lambda: 0.0)
    assert 7 < pause_s(1, 7, DEFAULT, lambda: 0.5) < 8


def test_who_asks_for_no_pause_is_not_asked_without_one():
    """Else a backend that says 0 in each of its answers would get the next request at once, each time."""
    assert [0.25] * 3 == [pause_s(attempts, 0, DEFAULT, lambda: 0.0) for attempts in (1, 2, 9)]


def test_what_cannot_be_meant_is_an_ordinary_failure():
    """A negative pause, and what is no number, say nothing."""
    assert [0.5, 0.5, 0.5] == [
        pause_s(1, told_s, DEFAULT, lambda: 1.0) for told_s in (-1, math.nan, math.inf)
    ]
