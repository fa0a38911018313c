"""A batch queue: bounded, counted to the last span, and deaf to whatever an exporter does."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from midspan import _trouble, sdk, trace
from midspan.sdk import BatchSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG_S = 3600.0


class Exporter:
    """Keeps batches; may be told to wait, to fail, to refuse."""

    name = "test"

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.events: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.act: Callable[[], object] = lambda: None
        self.timeouts: list[float] = []
        self.was_suppressed: list[bool] = []

    def export_spans(self, spans: list[trace.Span], timeout_s: float) -> object:
        self.timeouts.append(timeout_s)
        self.was_suppressed.append(trace.is_suppressed())
        self.entered.set()
        self.gate.wait()
        answer = self.act()
        if answer is not False:
            self.batches.append([span.name for span in spans])
        return answer

    def shutdown(self, timeout_s: float) -> None:
        self.events.append("shutdown")
        self.gate.wait()

    @property
    def names(self) -> list[str]:
        """All spans that were exported, in order."""
        return [name for batch in self.batches for name in batch]


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    """Return an exporter that holds nobody up when the test is over."""
    exporter = Exporter()
    yield exporter
    exporter.gate.set()


@pytest.fixture
def no_threads(monkeypatch) -> None:
    """Let no thread be had, as on a machine that has too many."""

    def refuse(function: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    monkeypatch.setattr("midspan.sdk._worker.start_thread", refuse)


def pipeline_with(exporter: Any, **settings: Any) -> sdk.Pipeline:
    """Put an exporter behind a queue."""
    batch = BatchSettings(**{"schedule_delay_s": LONG_S, **settings})
    return sdk.configure(exporters=[exporter], batch=batch, environment={}, detectors=[])


def emit(count: int = 1, prefix: str = "s") -> None:
    """End so many spans."""
    tracer = trace.get_tracer("t")
    for number in range(count):
        tracer.start_span(f"{prefix}{number}").end()


def account(pipeline: sdk.Pipeline) -> tuple[int, int, int, dict[str, int]]:
    """Return accepted, exported, queued and dropped, having checked that they add up."""
    (stats,) = pipeline.stats().exporters.values()
    assert stats.accepted == stats.exported + stats.queued + sum(stats.dropped.values())
    return stats[:4]


def soon(condition: Callable[[], object]) -> bool:
    """Wait for the worker, up to ten seconds."""
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.002)
    return bool(condition())


def test_spans_wait_for_their_batch(exporter):
    """Until a batch is full nothing is exported; then the batch is."""
    pipeline = pipeline_with(exporter, max_export_batch_size=3)
    emit(2)
    assert (2, 0, 2, {}) == account(pipeline)
    emit(1, "t")
    assert soon(lambda: exporter.batches)
    assert ([["s0", "s1", "t0"]], (3, 3, 0, {})) == (exporter.batches, account(pipeline))


def test_a_batch_that_is_not_full_goes_after_the_delay(exporter):
    """No span waits longer than `schedule_delay_s`."""
    pipeline_with(exporter, schedule_delay_s=0.01)
    emit()
    assert soon(lambda: exporter.names)


@pytest.mark.parametrize("delay_s", [0, 1e300], ids=["none", "for ever"])
def test_an_extreme_delay_harms_nobody(exporter, delay_s):
    """A delay of 0 does not make the worker spin, and one beyond what a lock can wait does not end it."""
    pipeline = pipeline_with(exporter, schedule_delay_s=delay_s)
    emit()
    before = time.process_time()
    time.sleep(0.3)
    spent = time.process_time() - before
    assert (True, ["s0"], {}) == (pipeline.force_flush(5), exporter.names, _trouble.counts())
    assert spent < 0.15


def test_a_flush_exports_what_waits(exporter):
    """`force_flush` returns when all that had ended was tried; more batches than one, in order."""
    pipeline = pipeline_with(exporter, max_export_batch_size=4)
    emit(10)
    assert (True, [f"s{n}" for n in range(10)]) == (pipeline.force_flush(5), exporter.names)
    assert max(map(len, exporter.batches)) <= 4


def test_a_flush_of_nothing_is_done(exporter):
    """Without a span there is nothing to do, before any and again."""
    pipeline = pipeline_with(exporter)
    assert (True, True, []) == (pipeline.force_flush(5), pipeline.force_flush(5), exporter.batches)


def test_two_flushes_at_once(exporter):
    """Each caller hears of its own spans."""
    exporter.gate.clear()
    pipeline = pipeline_with(exporter)
    emit()
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(pipeline.force_flush(5))) for _ in range(2)]
    for thread in threads:
        thread.start()
    exporter.gate.set()
    for thread in threads:
        thread.join()
    assert ([True, True], ["s0"]) == (answers, exporter.names)


def test_the_queue_is_bounded(exporter):
    """What does not fit is dropped, counted and said; the application is not held up."""
    exporter.gate.clear()
    pipeline = pipeline_with(exporter, max_queue_size=4, max_export_batch_size=2)
    emit(2, "first")
    assert exporter.entered.wait(10)
    emit(6)
    assert (8, 0, 6, {"queue_full": 2}) == account(pipeline)
    exporter.gate.set()
    assert (True, (8, 6, 0, {"queue_full": 2})) == (pipeline.force_flush(5), account(pipeline))
    assert ["first0", "first1", "s0", "s1", "s2", "s3"] == exporter.names
    assert 2 == _trouble.counts()["queue.full"]


def test_after_a_shutdown_nothing_is_taken(exporter):
    """What ends later is dropped, counted and said."""
    pipeline = pipeline_with(exporter)
    emit(2, "before")
    assert pipeline.shutdown(5)
    emit(3, "after")
    assert ((5, 2, 0, {"shutdown": 3}), ["before0", "before1"]) == (account(pipeline), exporter.names)
    assert 3 == _trouble.counts()["queue.closed"]


def test_a_shutdown_closes_the_exporter_once(exporter):
    """A second call closes nothing again, and says the same."""
    pipeline = pipeline_with(exporter)
    emit()
    assert (True, True, ["shutdown"]) == (pipeline.shutdown(5), pipeline.shutdown(5), exporter.events)


def test_a_shutdown_without_spans_closes_the_exporter(exporter):
    """It may hold a connection even so."""
    assert (True, ["shutdown"]) == (pipeline_with(exporter).shutdown(5), exporter.events)


def test_a_flush_after_the_shutdown_is_done_at_once(exporter):
    """There is nothing left to wait for."""
    pipeline = pipeline_with(exporter)
    emit()
    pipeline.shutdown(5)
    before = time.monotonic()
    assert pipeline.force_flush(5)
    assert time.monotonic() - before < 1


@pytest.mark.parametrize("verb", ["force_flush", "shutdown"])
def test_an_exporter_that_hangs_breaks_no_deadline(exporter, verb):
    """A flush or a shutdown ends a quarter of a second late at most, and says that it was not done."""
    exporter.gate.clear()
    pipeline = pipeline_with(exporter)
    emit()
    before = time.monotonic()
    answer = getattr(pipeline, verb)(0.5)
    took_s = time.monotonic() - before
    assert (False, True) == (answer, 0.5 <= took_s < 0.75)


def test_a_shutdown_of_the_exporter_that_hangs_breaks_no_deadline(exporter):
    """The exporter's own shutdown is part of the deadline."""
    pipeline = pipeline_with(exporter)
    emit()
    assert pipeline.force_flush(5)
    exporter.gate.clear()
    before = time.monotonic()
    assert (False, True) == (pipeline.shutdown(0.2), time.monotonic() - before < 0.45)


def test_one_that_hangs_does_not_use_up_the_time_of_others(exporter):
    """Every exporter has the whole of the deadline."""
    healthy = Exporter()
    exporter.gate.clear()
    pipeline = sdk.configure(exporters=[exporter, healthy], environment={}, detectors=[])
    emit(3)
    assert (False, ["s0", "s1", "s2"], ["shutdown"]) == (
        pipeline.shutdown(0.3),
        healthy.names,
        healthy.events,
    )


def test_a_slow_exporter_is_told_how_long_it_has(exporter):
    """An export knows its timeout; the last ones no more than is left until the shutdown."""
    pipeline = pipeline_with(exporter, export_timeout_s=7)
    emit()
    pipeline.force_flush(5)
    emit()
    pipeline.shutdown(1)
    assert (7, True) == (exporter.timeouts[0], 0 < exporter.timeouts[1] <= 1)


def test_what_a_shutdown_leaves_no_time_for_is_dropped(exporter, no_threads):
    """It is counted as such, and not exported behind everybody's back."""
    exporter.act = lambda: time.sleep(0.1)
    pipeline = pipeline_with(exporter, max_export_batch_size=1)
    emit(3)
    assert (False, ["s0"]) == (pipeline.shutdown(0.05), exporter.names)
    assert (3, 1, 0, {"shutdown": 2}) == account(pipeline)


def test_what_a_flush_leaves_no_time_for_stays(exporter, no_threads):
    """A flush that is out of time says so; the next one exports the rest."""
    exporter.act = lambda: time.sleep(0.1)
    pipeline = pipeline_with(exporter, max_export_batch_size=1)
    emit(3)
    assert (False, (3, 1, 2, {})) == (pipeline.force_flush(0.05), account(pipeline))
    assert (True, ["s0", "s1", "s2"]) == (pipeline.force_flush(5), exporter.names)


class Weird(BaseException):
    """Neither an error nor a signal."""


@pytest.mark.parametrize(
    "error",
    [ValueError, Weird, SystemExit, MemoryError, KeyboardInterrupt, GeneratorExit],
    ids=lambda e: e.__name__,
)
def test_the_worker_outlives_whatever_an_exporter_raises(exporter, error):
    """That batch is lost and counted, the flush says so, and the next batch is exported."""

    def fail() -> None:
        raise error

    exporter.act = fail
    pipeline = pipeline_with(exporter)
    emit(2, "lost")
    failed = pipeline.force_flush(5)
    exporter.act = lambda: None
    emit(2)
    assert (False, True, ["s0", "s1"]) == (failed, pipeline.force_flush(5), exporter.names)
    assert (4, 2, 0, {"export_failed": 2}) == account(pipeline)
    assert 1 == _trouble.counts()["worker.raised" if error is KeyboardInterrupt else "exporter.test"]


def test_an_exporter_may_say_that_it_failed(exporter):
    """False is a failure that was said; None and anything else is success."""
    exporter.act = lambda: False
    pipeline = pipeline_with(exporter)
    emit(1)
    refused = pipeline.force_flush(5)
    exporter.act = lambda: "anything"
    emit(1)
    assert (False, True, (2, 1, 0, {"export_failed": 1})) == (
        refused,
        pipeline.force_flush(5),
        account(pipeline),
    )


@pytest.mark.parametrize("error", [OSError, SystemExit, KeyboardInterrupt])
def test_a_shutdown_that_fails_is_told(exporter, error):
    """An exporter that cannot be closed makes the answer False, and nothing is raised."""

    def fail(timeout_s: float) -> None:
        raise error

    exporter.shutdown = fail
    pipeline = pipeline_with(exporter)
    emit()
    assert (False, ["s0"]) == (pipeline.shutdown(5), exporter.names)


def test_a_shutdown_may_say_that_it_failed(exporter):
    """False from the exporter is False from the pipeline."""
    exporter.shutdown = lambda timeout_s: False
    assert not pipeline_with(exporter).shutdown(5)


def test_in_strict_mode_the_worker_lives_as_well(exporter):
    """Nobody could catch what a worker raised: it is counted instead, and the flush says False."""

    def fail() -> None:
        raise ValueError

    exporter.act = fail
    batch = BatchSettings(schedule_delay_s=LONG_S)
    pipeline = sdk.configure(exporters=[exporter], batch=batch, strict=True, environment={}, detectors=[])
    for _ in range(2):
        emit()
        assert not pipeline.force_flush(5)
    assert (2, 0, 0, {"export_failed": 2}) == account(pipeline)


def test_the_account_is_exact_under_threads(exporter):
    """Sixteen threads, a queue that overflows, an exporter that fails now and then: no span is missed."""
    calls = iter(range(10**9))
    exporter.act = lambda: False if next(calls) % 3 == 0 else None
    pipeline = pipeline_with(exporter, max_queue_size=64, max_export_batch_size=16)
    threads = [threading.Thread(target=emit, args=(500,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipeline.shutdown(30)
    accepted, exported, queued, dropped = account(pipeline)
    assert (16 * 500, len(exporter.names), 0) == (accepted, exported, queued)
    assert {"queue_full", "export_failed"} >= set(dropped)


def test_no_span_is_exported_twice(exporter):
    """Each span that was accepted arrives once, in the order in which each thread ended its own."""
    pipeline = pipeline_with(exporter, max_queue_size=100_000, max_export_batch_size=32)
    threads = [threading.Thread(target=emit, args=(300, f"{n}-")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pipeline.force_flush(30)
    by_thread = [[name for name in exporter.names if name.startswith(f"{n}-")] for n in range(8)]
    assert [[f"{n}-{i}" for i in range(300)] for n in range(8)] == by_thread


def test_exporting_makes_no_spans(exporter):
    """The worker runs suppressed: what an exporter uses is not traced."""
    pipeline = pipeline_with(exporter)
    emit()
    pipeline.force_flush(5)
    assert [True] == exporter.was_suppressed


def test_an_exporter_that_takes_no_timeout_is_not_given_one():
    """`export_spans(spans)` is enough."""

    class Simple:
        """Knows no timeout, nor how to shut down."""

        def __init__(self) -> None:
            self.names: list[str] = []

        def export_spans(self, spans: list[trace.Span]) -> None:
            self.names += [span.name for span in spans]

    exporter = Simple()
    pipeline = pipeline_with(exporter)
    emit()
    assert (True, ["s0"], ["Simple"]) == (
        pipeline.shutdown(5),
        exporter.names,
        list(pipeline.stats().exporters),
    )


def test_no_thread_to_be_had_loses_nothing(exporter, no_threads):
    """Spans wait; whoever flushes does the work, in their own thread."""
    pipeline = pipeline_with(exporter)
    emit(3)
    assert ((3, 0, 3, {}), True) == (account(pipeline), _trouble.counts()["worker.not_started"] > 0)
    assert (True, ["s0", "s1", "s2"], [True]) == (
        pipeline.force_flush(5),
        exporter.names,
        exporter.was_suppressed,
    )
    emit(1, "t")
    assert (True, ["shutdown"], "t0") == (pipeline.shutdown(5), exporter.events, exporter.names[-1])


def test_at_the_end_of_the_interpreter_no_thread_is_no_trouble(exporter, monkeypatch):
    """From Python 3.12 on a program that is ending starts no threads: spans are exported, nothing is said."""

    def refuse(function: object) -> None:
        message = "can't create new thread at interpreter shutdown"
        raise RuntimeError(message)

    monkeypatch.setattr("midspan.sdk._worker.start_thread", refuse)
    pipeline = pipeline_with(exporter)
    emit()
    assert (True, ["s0"], {}) == (pipeline.shutdown(5), exporter.names, _trouble.counts())


def test_a_thread_may_be_had_later(exporter, monkeypatch):
    """The next span tries again."""

    def refuse(function: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patch:
        patch.setattr("midspan.sdk._worker.start_thread", refuse)
        pipeline_with(exporter, max_export_batch_size=2)
        emit(1)
    emit(1, "t")
    assert soon(lambda: exporter.names == ["s0", "t0"])


def test_a_batch_of_one_waits_for_nothing(exporter):
    """With batches of a single span the first one, which starts the worker, wakes it as well."""
    pipeline_with(exporter, max_export_batch_size=1)
    emit(1)
    assert soon(lambda: exporter.names)


def test_an_error_of_our_own_does_not_end_the_worker(exporter):
    """It is counted, and the worker goes on."""
    pipeline = pipeline_with(exporter, schedule_delay_s=0.01)
    emit()
    assert soon(lambda: exporter.names)
    queue = pipeline._sinks["test"]
    queue.on_turn = lambda: 1 / 0
    assert soon(lambda: _trouble.counts().get("worker.raised"))
    queue.on_turn = None
    emit(1, "t")
    assert (True, ["s0", "t0"]) == (pipeline.force_flush(5), exporter.names)


def test_the_worker_notices_that_the_date_was_set(exporter, clock, monkeypatch):
    """Now and then it anchors the clock anew, for spans that start later; open ones keep their time."""
    monkeypatch.setattr("midspan.sdk._pipeline._RE_ANCHOR_AFTER_S", 0.0)
    batch = BatchSettings(schedule_delay_s=0.01)
    sdk.configure(exporters=[exporter], batch=batch, clock=clock, environment={}, detectors=[])
    tracer = trace.get_tracer("t")
    earlier = tracer.start_span("earlier")
    emit()
    clock.step(3600)
    assert soon(lambda: tracer.start_span("s").start_ns == earlier.start_ns + 3600 * 10**9)
    earlier.end()
    assert earlier.end_ns == earlier.start_ns
