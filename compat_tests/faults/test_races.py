"""Threads that meet in the worst place: the interpreter is made to switch between them at every chance."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from compat_tests.faults._exporters import Counting
from midspan import sdk, testing, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 4
ROOMY = sdk.BatchSettings(max_queue_size=1_000_000)


@pytest.fixture(autouse=True)
def hasty_interpreter() -> Iterator[None]:
    """Let the interpreter switch threads wherever it may."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)
    sdk.reset()


def together(work: Callable[[], object]) -> None:
    """Run `work` in several threads that begin in the same moment."""
    ready = threading.Barrier(THREADS)
    threads = [threading.Thread(target=lambda: (ready.wait(), work())) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_span_that_several_threads_end_is_exported_once():
    """Of threads that end one span at the same time, one hands it on and the others are told."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    tracer = trace.get_tracer("races")
    spans = [tracer.start_span("shared") for _ in range(20_000)]
    together(lambda: [span.end() for span in spans])
    assert len(memory.spans) == len(spans)


def leaves_one(before: set[str]) -> bool:
    """Say whether of the threads that have come since just one stays; one that has ended lingers."""
    for _ in range(200):
        if len(system_threads() - before) == 1:
            return True
        time.sleep(0.01)
    return False


def system_threads() -> set[str]:
    """Return the threads of the system that this process has now."""
    return {task.name for task in Path("/proc/self/task").iterdir()}


def test_of_threads_that_end_their_first_spans_together_one_starts_the_worker():
    """There is one worker, whoever comes first, and it takes what all of them have made."""
    for _ in range(50):
        exporter = Counting()
        pipeline = sdk.configure(exporters=[exporter])
        tracer = trace.get_tracer("races")
        before = system_threads()
        together(lambda tracer=tracer: tracer.start_span("first").end())
        assert leaves_one(before)
        assert pipeline.force_flush(5)
        assert len(exporter.spans) == THREADS
        pipeline.shutdown(5)


def test_a_shutdown_in_the_midst_of_flushes_and_spans_loses_none_from_the_account():
    """Whatever a thread ends before, during or after the shutdown is exported, dropped or queued: counted."""
    for _ in range(20):
        exporter = Counting()
        pipeline = sdk.configure(exporters=[exporter], batch=sdk.BatchSettings(max_export_batch_size=8))
        tracer = trace.get_tracer("races")
        made: deque[None] = deque()

        def work(pipeline=pipeline, tracer=tracer, made=made) -> None:
            for number in range(200):
                tracer.start_span("work").end()
                made.append(None)
                if number == 100:
                    pipeline.force_flush(5)
                if number == 150:
                    pipeline.shutdown(5)

        together(work)
        assert pipeline.shutdown(5) in (True, False)
        account = pipeline.stats().exporters["counting"]
        assert account.accepted == len(made) == THREADS * 200
        assert account.exported == len(exporter.spans)
        assert exporter.closed


def test_spans_made_while_the_process_is_configured_anew_are_each_exported_once():
    """A span belongs to the pipeline that it was started in; none is lost, doubled or cut."""
    exporters = [Counting() for _ in range(20)]
    over = threading.Event()
    made: deque[None] = deque()
    pipelines = [sdk.configure(exporters=[exporters[0]], batch=ROOMY)]
    tracer = trace.get_tracer("races")

    def emit() -> None:
        while not over.is_set():
            with tracer.start_as_current_span("work"):
                pass
            made.append(None)

    threads = [threading.Thread(target=emit) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    pipelines += [sdk.configure(exporters=[exporter], batch=ROOMY) for exporter in exporters[1:]]
    over.set()
    for thread in threads:
        thread.join()
    assert pipelines[-1].force_flush(10)
    exported = [span.context.span_id for exporter in exporters for span in exporter.spans]
    accounts = [pipeline.stats().exporters["counting"] for pipeline in pipelines]
    assert len(exported) == len(set(exported)) == sum(account.exported for account in accounts)
    assert sum(account.accepted for account in accounts) == len(made)
