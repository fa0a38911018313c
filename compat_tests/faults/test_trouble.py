"""Trouble is counted exactly and said once, whoever reports it and wherever that interrupts what."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.faults._exporters import Counting, Raising
from midspan import _trouble, sdk, trace

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    sdk.reset()
    yield
    sdk.reset()


def in_threads(work: Any, count: int = 4) -> None:
    """Run `work` in several threads that begin in the same moment, and are switched at every chance."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    ready = threading.Barrier(count)
    threads = [threading.Thread(target=lambda: (ready.wait(), work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)


def test_every_report_is_counted_whatever_thread_it_comes_from(caplog):
    """Four threads with 5,000 reports each make 20,000."""
    in_threads(lambda: [_trouble.report("cause", "text") for _ in range(5_000)])
    assert _trouble.counts() == {"cause": 20_000}


def test_one_of_several_threads_says_what_all_of_them_report(caplog):
    """A cause that several threads meet in the same moment is one line."""
    for number in range(50):
        in_threads(lambda number=number: _trouble.report(f"cause {number}", "text %s", number))
    assert sorted(caplog.messages) == sorted(f"text {number}" for number in range(50))


def test_what_comes_in_the_middle_of_logging_is_said_afterwards(caplog):
    """A handler whose spans are in trouble is not called again from within itself."""
    depth = [0, 0]

    class Troubled(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            depth[0] += 1
            depth[1] = max(depth)
            _trouble.report("within", "within")
            depth[0] -= 1

    handler = Troubled()
    logging.getLogger("midspan").addHandler(handler)
    try:
        _trouble.report("without", "without")
    finally:
        logging.getLogger("midspan").removeHandler(handler)
    assert caplog.messages == ["without", "within"]
    assert depth[1] == 1


def test_a_line_that_waits_is_said_at_the_next_trouble(caplog):
    """What could not be said in the application's own handler comes with whatever is said next."""

    class Troubled(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _trouble.report("within", "within")

    logger = logging.getLogger("application")
    handler = Troubled()
    logger.addHandler(handler)
    try:
        logger.warning("the application's own line")
    finally:
        logger.removeHandler(handler)
    assert caplog.messages == ["the application's own line"]
    _trouble.report("next", "next")
    assert caplog.messages == ["the application's own line", "within", "next"]


def test_a_log_handler_that_raises_harms_nobody():
    """The application's handler may fail; the report comes back."""

    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise ValueError("no")

    handler = Failing()
    logging.getLogger("midspan").addHandler(handler)
    try:
        _trouble.report("cause", "text")
    finally:
        logging.getLogger("midspan").removeHandler(handler)
    assert _trouble.counts() == {"cause": 1}


def test_a_forked_child_has_its_own_account():
    """What the parent has counted and said, the child has not."""
    _trouble.report("cause", "text")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, repr(_trouble.counts()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"{}"
    os.close(reading)
    os.close(writing)


def test_strict_mode_does_not_end_the_worker():
    """What strict mode raises in the worker has no caller to reach; the next batch is exported."""
    exporter = Raising(ValueError("no"))
    pipeline = sdk.configure(exporters=[exporter], strict=True)
    tracer = trace.get_tracer("faults")
    tracer.start_span("bad").end()
    assert pipeline.force_flush(5) is False
    tracer.start_span("good").end()
    assert pipeline.force_flush(5) is True
    assert [span.name for span in exporter.spans] == ["good"]
    assert pipeline.stats().exporters["raising"].dropped == {"export_failed": 1}


@pytest.mark.parametrize("count", [1, 1_023, 1_024, 5_000])
def test_the_account_is_exact_under_threads(count):
    """What threads make at the same time is accounted for to the last span."""
    exporter = Counting()
    batch = sdk.BatchSettings(max_queue_size=64, max_export_batch_size=16)
    pipeline = sdk.configure(exporters=[exporter], batch=batch)
    tracer = trace.get_tracer("faults")
    in_threads(lambda: [tracer.start_span("work").end() for _ in range(count)])
    pipeline.force_flush(10)
    account = pipeline.stats().exporters["counting"]
    assert account.accepted == 4 * count == account.exported + sum(account.dropped.values())
    assert account.exported == len(exporter.spans)
