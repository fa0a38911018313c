"""Threads that meet in the worst place: the interpreter is made to switch between them at every chance."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from midspan import sdk, testing, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 4


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
