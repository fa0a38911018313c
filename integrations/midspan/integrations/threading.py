"""Carry the context into threads and thread pools: what runs there belongs to the trace that started it.

`threading.Thread` (and `Timer`) take the context in which they are started, `ThreadPoolExecutor` that in
which each task is submitted; `loop.run_in_executor` submits. A pool's own threads start without one, so that
no task inherits another's. There are no spans of this itself.

A thread that lives on in the background, and was started while a request was served, goes on in that trace:
where a library does so, start it earlier, or turn `threads` off.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan import context
from midspan.integrations._beside import is_of
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future, ThreadPoolExecutor
    from threading import Thread

    from midspan.context import Context
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library(None, "threading")

_integration: Final = Integration("threading", LIBRARY)
# Under this key the context says that a thread which is started now belongs to a pool, not to a task.
_SUBMITTING: Final = object()


def instrument(*, threads: bool = True, executors: bool = True) -> None:
    """Carry the context into threads that are started, and tasks that are submitted, from now on."""

    def put_in_threads(patches: Patches) -> None:
        from threading import Thread  # noqa: PLC0415 - as the other integrations do

        patches.around(Thread, "start", _starting(patches))

    def put_in_executors(patches: Patches) -> None:
        from concurrent.futures.thread import ThreadPoolExecutor  # noqa: PLC0415 - 10 ms for who has no pools

        patches.around(ThreadPoolExecutor, "submit", _submitting(patches))

    puts: dict[str, Callable[[Patches], None]] = {}
    if threads:
        puts["threading"] = put_in_threads
    if executors:
        puts["concurrent.futures.thread"] = put_in_executors
    _integration.turn_on_when_imported(puts)


def uninstrument() -> None:
    """Start threads and tasks without a context again."""
    _integration.turn_off()


def _starting(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., None]) -> Callable[..., None]:
        @wraps(native)
        def start(self: Thread) -> None:
            here = context.current()
            if not patches.on or _is_empty(here) or _SUBMITTING in here.values:
                native(self)
                return
            run = self.run

            def carried() -> None:
                # What the thread is asked for from now on is its own method; and there is no cycle left.
                vars(self).pop("run", None)
                with context.attached(here):
                    run()

            # On the object: a subclass has a `run` of its own.
            vars(self)["run"] = carried
            try:
                native(self)
            except BaseException:
                vars(self).pop("run", None)
                raise

        return start

    return around


def _submitting(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
        # opencensus-ext-threading makes a span of each task, in the pool. Where it does that between us and
        # the task, it has to see what is current here, and the task belongs below its span.
        is_legacy = is_of(native, ("opencensus.ext.threading.trace",))

        @wraps(native)
        def submit(self: ThreadPoolExecutor, fn: Any, /, *arguments: Any, **named: Any) -> Future[Any]:  # noqa: ANN401 - any function
            here = context.current()
            if not patches.on or _is_empty(here):
                return native(self, fn, *arguments, **named)

            @wraps(fn, updated=())
            def carried(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
                before = context.current()
                try:
                    with context.attached(here.with_span(before.span) if is_legacy else here):
                        return fn(*arguments, **named)
                finally:
                    if context.current() is not before:
                        # The extension clears what it knows of; the next task must not find the rest.
                        context.attach(before)

            # A thread that is made for this task serves many others.
            with context.attached(here.with_value(_SUBMITTING, value=True) if is_legacy else context.EMPTY):
                return native(self, carried, *arguments, **named)

        return submit

    return around


def _is_empty(here: Context) -> bool:
    return here.span is None and not here.baggage and not here.values
