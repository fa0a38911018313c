"""Laws of delivery: whatever a backend says, pauses have bounds and accounts add up."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from midspan import _trouble, delivery
from midspan.sdk import DeliverySettings
from midspan.sdk._courier import Courier
from midspan.sdk._retry import pause_s

DEFAULT = DeliverySettings()
INSTANT = DeliverySettings(first_pause_s=0, longest_pause_s=0, longest_told_s=0)
CHANCES = st.floats(0, 1, exclude_max=True)
ANSWERS = st.lists(
    st.one_of(
        st.builds(delivery.accepted, st.integers(-2, 9)),
        st.just(delivery.retry("away")),
        st.builds(delivery.retry, st.just("busy"), st.floats()),
        st.just(delivery.too_large("413")),
        st.just(delivery.refused("400")),
        st.sampled_from([OSError(), ValueError(), SystemExit()]),
    ),
    max_size=20,
)


class Carrier:
    """An exporter whose backend answers as it is told, and takes everything after that."""

    name = "carrier"

    def __init__(self, answers):
        self._answers = list(answers)

    def encode_spans(self, spans):
        return b",".join(spans)

    def halve(self, signal, body):
        items = body.split(b",")
        middle = len(items) // 2
        return [(b",".join(part), len(part)) for part in (items[:middle], items[middle:]) if middle]

    def send(self, signal, body, timeout_s):
        answer = self._answers.pop(0) if self._answers else delivery.accepted()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def shutdown(self, timeout_s):
        pass


@given(attempts=st.integers(1, 10_000), chance=CHANCES, told_s=st.none() | st.floats())
def test_a_pause_is_never_longer_than_the_settings_allow(attempts, chance, told_s):
    """Whatever a backend asks for, the next attempt comes, and neither at once nor much later."""
    longest_s = max(DEFAULT.longest_pause_s, DEFAULT.longest_told_s * 1.1)
    pause = pause_s(attempts, told_s, DEFAULT, lambda: chance)
    assert 0 <= pause <= longest_s


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(0, 8))
def test_the_account_holds_whatever_a_backend_says(answers, batches, flushed_after):
    """Each item is exported, or dropped for a reason: none is lost or counted twice."""
    _trouble.reset()
    courier = Courier(Carrier(answers), INSTANT, request_timeout_s=10)
    for number, size in enumerate(batches):
        courier.hand_over("spans", [b"x"] * size)
        if number == flushed_after:
            courier.flush(time.monotonic() + 5)
    courier.close(time.monotonic() + 5)
    account = courier.accounts["spans"].stats(0)
    assert sum(batches) == account.accepted == account.exported + sum(account.dropped.values())
    assert 0 == account.queued
