"""A signal handler may raise in the middle of anything: what it raises is the application's."""

from __future__ import annotations

import functools
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from midspan import sdk, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACER = trace.get_tracer("faults")


class TooLongError(Exception):
    """What Celery, say, raises in a task that takes too long."""


def too_long(*_: object) -> None:
    """Be a signal handler."""
    raise TooLongError


class Handler:
    """Handlers of other kinds."""

    def __call__(self, *_: object) -> None:
        raise TooLongError

    def method(self, *_: object) -> None:
        raise TooLongError


class Interrupted:
    """A value that a signal interrupts in the middle of being described."""

    def __str__(self) -> str:
        os.kill(os.getpid(), signal.SIGUSR1)
        return "described"


class InterruptedExporter:
    """An exporter that a signal interrupts."""

    name = "interrupted"

    def export_spans(self, spans: object) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        for _ in range(10):
            pass

    def shutdown(self, timeout_s: float) -> None:
        pass


@pytest.fixture
def handle() -> Iterator[Callable[[Any], None]]:
    """A function that installs a handler for the time of a test."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda handler: signal.signal(signal.SIGUSR1, handler)  # type: ignore[func-returns-value]
    signal.signal(signal.SIGUSR1, before)
    sdk.reset()


@pytest.mark.parametrize(
    "handler",
    [too_long, lambda *_: too_long(), Handler(), Handler().method, functools.partial(too_long, 1)],
    ids=["function", "lambda", "object", "method", "partial"],
)
def test_what_a_signal_handler_raises_goes_on(handle, handler):
    """Whatever midspan keeps from its callers, this it does not, and the block is left as it should be."""
    handle(handler)
    sdk.configure(exporters=[])
    with pytest.raises(TooLongError), TRACER.start_as_current_span("work") as span:
        span.set_attribute("key", Interrupted())
    assert trace.get_current_span() is trace.NOOP_SPAN
    assert span.end_ns is not None


def test_a_handler_that_ends_the_process_does_so_in_an_exporter_too(handle):
    """`sys.exit` in a handler of SIGTERM is no failure of the exporter that it interrupts."""
    handle(lambda *_: sys.exit(3))
    sdk.configure(exporters=[sdk.Simple(InterruptedExporter())])
    with pytest.raises(SystemExit):
        TRACER.start_span("work").end()


def test_what_a_value_raises_by_itself_stays(handle):
    """The same exception, raised by the value itself, reaches nobody."""

    class Failing:
        def __str__(self) -> str:
            raise TooLongError

    handle(too_long)
    sdk.configure(exporters=[])
    with TRACER.start_as_current_span("work") as span:
        span.set_attribute("key", Failing())
    assert span.attributes == {"key": "<Failing that cannot be shown>"}
