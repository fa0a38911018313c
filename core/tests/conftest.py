"""Each test of the core begins and ends with nothing configured, nothing counted and nothing current."""

from __future__ import annotations

import _thread
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from midspan import context, sdk, testing, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_start_new_thread = _thread.start_new_thread


def _start_measured_thread(function: Callable[..., object], *arguments: Any) -> int:
    """Start a thread that coverage sees: by itself it knows of those that `threading` starts only."""

    def measured(*inner: Any) -> None:
        sys.settrace(threading.gettrace())
        function(*inner)

    return _start_new_thread(measured, *arguments)


if threading.gettrace() is not None:
    _thread.start_new_thread = _start_measured_thread


@pytest.fixture(autouse=True)
def clean_slate() -> Iterator[None]:
    """Forget every pipeline, count, propagator and context that an earlier test may have left."""
    sdk.reset()
    context._slot.set(context.EMPTY)
    yield
    sdk.reset()


@pytest.fixture
def memory() -> testing.MemoryExporter:
    """Return an exporter whose spans a test can read."""
    return testing.MemoryExporter()


@pytest.fixture
def clock() -> testing.FakeClock:
    """Return a clock that a test moves."""
    return testing.FakeClock()


@pytest.fixture
def tracer(memory: testing.MemoryExporter, clock: testing.FakeClock) -> trace.Tracer:
    """Return a tracer whose ended spans are in `memory`, timed by `clock`."""
    sdk.configure(exporters=[memory], clock=clock, environment={}, detectors=[])
    return trace.get_tracer("test")
