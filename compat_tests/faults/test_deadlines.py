"""What has a timeout is back in time, and tells the truth."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.faults._exporters import Counting, Hanging, Slow
from midspan import sdk, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACER = trace.get_tracer("faults")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    sdk.reset()


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """An exporter that hangs until the test is over."""
    exporter = Hanging()
    yield exporter
    exporter.release.set()


def make_spans(count: int = 1) -> None:
    """End so many spans."""
    for _ in range(count):
        TRACER.start_span("work").end()


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and the seconds that it took."""
    began_s = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began_s


def test_force_flush_gives_up_on_a_hanging_exporter_in_time(hanging):
    """`force_flush(0.3)` is back within 0.55 s, and says that not all was exported."""
    pipeline = sdk.configure(exporters=[hanging])
    make_spans()
    flushed, took_s = timed(lambda: pipeline.force_flush(0.3))
    assert flushed is False
    assert took_s < 0.55


def test_shutdown_gives_up_on_a_hanging_exporter_in_time(hanging):
    """`shutdown(0.3)` is back within 0.55 s, and says that not all was done."""
    pipeline = sdk.configure(exporters=[hanging])
    make_spans()
    done, took_s = timed(lambda: pipeline.shutdown(0.3))
    assert done is False
    assert took_s < 0.55


def test_a_hanging_exporter_costs_the_one_beside_it_nothing(hanging):
    """When one exporter hangs at the shutdown, the other still gets its spans and is closed."""
    healthy = Counting()
    pipeline = sdk.configure(exporters=[hanging, healthy])
    make_spans(3)
    assert pipeline.shutdown(0.3) is False
    assert len(healthy.spans) == 3
    assert healthy.closed


def test_a_flush_after_the_shutdown_does_not_wait_for_a_worker_that_has_ended():
    """`force_flush` on a closed pipeline is back at once."""
    pipeline = sdk.configure(exporters=[Counting()])
    make_spans()
    assert pipeline.shutdown(5)
    flushed, took_s = timed(lambda: pipeline.force_flush(5))
    assert flushed is True
    assert took_s < 0.5


def test_a_second_shutdown_says_what_became_of_the_first(hanging):
    """`shutdown` is True only once all is done, however often it is asked."""
    pipeline = sdk.configure(exporters=[hanging])
    make_spans()
    assert pipeline.shutdown(0.1) is False
    assert pipeline.shutdown(0.1) is False
    hanging.release.set()
    assert pipeline.shutdown(5) is True
    assert hanging.closed


def test_a_synchronous_exporter_that_hangs_when_it_is_closed_is_left_behind(hanging):
    """`shutdown(0.3)` is bounded for an exporter without a queue too."""
    pipeline = sdk.configure(exporters=[sdk.Simple(hanging)])
    done, took_s = timed(lambda: pipeline.shutdown(0.3))
    assert done is False
    assert took_s < 0.55


def test_a_processor_that_hangs_is_left_behind(hanging):
    """`shutdown(0.3)` is bounded whatever a processor does."""
    processor = type("Hanging", (), {"on_end": lambda *_: None, "shutdown": hanging.shutdown})()
    pipeline = sdk.configure(exporters=[], processors=[processor])
    done, took_s = timed(lambda: pipeline.shutdown(0.3))
    assert done is False
    assert took_s < 0.55


def test_what_a_deadline_left_no_time_for_is_counted():
    """Spans that a shutdown had no time to export are dropped for that reason, and the account is exact."""
    slow = Slow(0.3)
    pipeline = sdk.configure(exporters=[sdk.Batch(slow, sdk.BatchSettings(max_export_batch_size=1))])
    make_spans(5)
    assert pipeline.shutdown(0.4) is False
    assert pipeline.shutdown(5) is False
    account = pipeline.stats().exporters["slow"]
    assert account.accepted == 5 == account.exported + account.dropped["shutdown"]
    assert account.queued == 0
    assert account.exported == len(slow.spans)


def test_a_sampler_that_raises_when_it_is_closed_harms_nobody():
    """`shutdown` comes back, and says that not all went well."""

    class Sampler:
        def __call__(self, request: object) -> object:
            return sdk.sampling.SAMPLE

        def close(self) -> None:
            message = "no"
            raise ValueError(message)

    assert sdk.configure(exporters=[], sampler=Sampler()).shutdown(1) is False


@pytest.mark.parametrize("verb", ["force_flush", "shutdown"])
def test_who_waits_while_another_thread_starts_the_worker_is_served_by_it(verb):
    """A flush or a shutdown in the middle of a start does not sleep until the next regular turn."""
    exporter = Counting()
    pipeline = sdk.configure(exporters=[exporter])
    feeder = next(iter(pipeline._sinks.values()))
    feeder._starting.acquire()
    feeder._queue.append(TRACER.start_span("work"))

    def start_slowly() -> None:
        time.sleep(0.2)
        feeder._starting.release()
        feeder.start_worker()

    threading.Thread(target=start_slowly).start()
    done, took_s = timed(lambda: getattr(pipeline, verb)(4))
    assert done is True
    assert took_s < 2
    assert len(exporter.spans) == 1
    assert exporter.closed is (verb == "shutdown")
