"""Times: given or measured, a duration is never negative."""

from __future__ import annotations

import math

import pytest

from midspan import _trouble, sdk, testing, trace

EPOCH = 1_700_000_000_000_000_000


def test_given_times_are_kept(tracer, memory):
    """`start_ns` and `end_ns` are nanoseconds since the epoch."""
    tracer.start_span("s", start_ns=5).end(end_ns=9)
    assert (5, 9) == (memory.spans[0].start_ns, memory.spans[0].end_ns)


def test_a_scope_takes_a_start_too(tracer, memory):
    """`start_as_current_span` can begin in the past."""
    with tracer.start_as_current_span("s", start_ns=EPOCH - 7):
        pass
    assert (EPOCH - 7, EPOCH) == (memory.spans[0].start_ns, memory.spans[0].end_ns)


@pytest.mark.parametrize(("start", "end"), [(9, 5), (EPOCH + 10**9, None)])
def test_an_end_before_the_start_counts_as_the_start(tracer, memory, start, end):
    """The duration is then 0, whether the end was given or is now."""
    tracer.start_span("s", start_ns=start).end(end_ns=end)
    assert (start, start) == (memory.spans[0].start_ns, memory.spans[0].end_ns)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_changes_no_duration(tracer, memory, clock, hours):
    """Durations come from the monotonic clock: setting the date while a span is open does not touch it."""
    with tracer.start_as_current_span("s") as span:
        span.add_event("before")
        clock.step(hours * 3600)
        clock.advance(2)
        span.add_event("after")
    ended = memory.spans[0]
    assert 2_000_000_000 == ended.end_ns - ended.start_ns
    assert 2_000_000_000 == ended.events[1].timestamp_ns - ended.events[0].timestamp_ns


def test_a_new_date_is_taken_over_with_a_flush(tracer, memory, clock):
    """`force_flush` anchors the monotonic clock to the date anew, for spans that start later."""
    clock.step(3600)
    sdk.get_pipeline().force_flush(1)
    tracer.start_span("s").end()
    assert EPOCH + 3600 * 10**9 == memory.spans[0].start_ns


@pytest.mark.parametrize("given", [1e18, 10**18, True])
def test_numbers_are_whole(tracer, memory, given):
    """A float is taken for the nanoseconds that it means; what is exported is an int."""
    tracer.start_span("s", start_ns=given).end(end_ns=given)
    assert [int(given)] * 2 == [memory.spans[0].start_ns, memory.spans[0].end_ns]
    assert [int, int] == [type(memory.spans[0].start_ns), type(memory.spans[0].end_ns)]


@pytest.mark.parametrize("odd", ["x", -1, 1 << 63, math.nan, math.inf, [], object()])
def test_what_is_no_time_is_taken_for_now(tracer, memory, clock, odd):
    """An odd time is reported and raises nothing."""
    span = tracer.start_span("s", start_ns=odd)
    clock.advance(1)
    span.add_event("e", timestamp_ns=odd)
    clock.advance(1)
    span.end(end_ns=odd)
    ended = memory.spans[0]
    times = [ended.start_ns, ended.events[0].timestamp_ns, ended.end_ns]
    assert ([EPOCH, EPOCH + 10**9, EPOCH + 2 * 10**9], 3) == (times, _trouble.counts()["span.bad_time"])


def test_the_anchor_takes_the_quietest_of_three_readings(memory):
    """A pause between reading the two clocks would shift every span: the reading that it hit is not used."""

    class Paused(testing.FakeClock):
        """Loses a second while the date is read for the first time."""

        pauses = 1

        def time_ns(self) -> int:
            date = super().time_ns()
            self.advance(self.pauses)
            self.pauses = 0
            return date

    clock = Paused()
    sdk.configure(exporters=[memory], clock=clock, environment={}, detectors=[])
    trace.get_tracer("t").start_span("s").end()
    assert clock.time_ns() == memory.spans[0].start_ns


def test_the_machines_clock_is_the_default(memory):
    """Without a clock of one's own, spans carry the machine's time."""
    sdk.configure(exporters=[memory], environment={}, detectors=[])
    before = sdk._clock.SystemClock.time_ns()
    trace.get_tracer("t").start_span("s").end()
    assert abs(memory.spans[0].start_ns - before) < 10**10
