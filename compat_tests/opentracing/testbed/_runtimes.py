"""Kinds of concurrency with one interface, so that each scenario is written once.

A scenario is a coroutine function. Under threads and greenlets nothing in it suspends: `sleep` blocks, and a
result is waited for; so one `send` runs a coroutine to its end.
"""

from __future__ import annotations

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import gevent
import gevent.queue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    Function = Callable[..., Coroutine[Any, Any, Any]]

__all__ = ["ALL", "Runtime"]


class Runtime:
    """One kind of concurrency."""

    # Whether what is spawned begins with what is active where it is spawned.
    inherits = False

    def run(self, scenario: Function, *arguments: Any) -> Any:
        """Run a scenario from outside."""
        raise NotImplementedError

    def spawn(self, function: Function, *arguments: Any) -> Callable[[], Awaitable[Any]]:
        """Start a function concurrently; return what awaits its result."""
        raise NotImplementedError

    async def sleep(self) -> None:
        """Let others run for a moment."""
        raise NotImplementedError

    def channel(self) -> Any:
        """Return a queue with `put(item)` and `await get()`."""
        raise NotImplementedError


def _played(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that does not suspend."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the coroutine waits for something")


class _Channel:
    def __init__(self, own: Any) -> None:
        self._own = own

    def put(self, item: Any) -> None:
        """Put without waiting."""
        self._own.put_nowait(item)

    async def get(self) -> Any:
        """Take, or wait."""
        if isinstance(self._own, asyncio.Queue):
            return await self._own.get()
        return self._own.get(timeout=5)


class Threads(Runtime):
    """A pool of threads."""

    def run(self, scenario: Function, *arguments: Any) -> Any:
        with ThreadPoolExecutor(8) as self._pool:
            return _played(scenario(*arguments))

    def spawn(self, function: Function, *arguments: Any) -> Callable[[], Awaitable[Any]]:
        future = self._pool.submit(lambda: _played(function(*arguments)))

        async def result() -> Any:
            return future.result(5)

        return result

    async def sleep(self) -> None:
        time.sleep(0.002)  # noqa: ASYNC251 - a thread has nothing else to do

    def channel(self) -> Any:
        return _Channel(queue.SimpleQueue())


class Greenlets(Runtime):
    """gevent, unpatched."""

    def run(self, scenario: Function, *arguments: Any) -> Any:
        return gevent.spawn(lambda: _played(scenario(*arguments))).get(timeout=10)

    def spawn(self, function: Function, *arguments: Any) -> Callable[[], Awaitable[Any]]:
        greenlet = gevent.spawn(lambda: _played(function(*arguments)))

        async def result() -> Any:
            return greenlet.get(timeout=5)

        return result

    async def sleep(self) -> None:
        gevent.sleep(0.001)

    def channel(self) -> Any:
        return _Channel(gevent.queue.Queue())


class Tasks(Runtime):
    """asyncio's tasks."""

    inherits = True

    def run(self, scenario: Function, *arguments: Any) -> Any:
        return asyncio.run(asyncio.wait_for(scenario(*arguments), 10))

    def spawn(self, function: Function, *arguments: Any) -> Callable[[], Awaitable[Any]]:
        task = asyncio.ensure_future(function(*arguments))

        async def result() -> Any:
            return await task

        return result

    async def sleep(self) -> None:
        await asyncio.sleep(0.001)

    def channel(self) -> Any:
        return _Channel(asyncio.Queue())


class Callbacks(Tasks):
    """asyncio's callbacks: `call_soon` and `call_later` run in a copy of the context variables."""

    def spawn(self, function: Function, *arguments: Any) -> Callable[[], Awaitable[Any]]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def step(coroutine: Coroutine[Any, Any, Any]) -> None:
            try:
                waited_for = coroutine.send(None)
            except StopIteration as end:
                done.set_result(end.value)
            except BaseException as error:
                done.set_exception(error)
            else:
                resume_after(waited_for, coroutine)

        def resume_after(waited_for: Any, coroutine: Coroutine[Any, Any, Any]) -> None:
            if waited_for is None:
                loop.call_soon(step, coroutine)
            else:
                # What a task does when a coroutine that it runs yields a future.
                waited_for._asyncio_future_blocking = False
                waited_for.add_done_callback(lambda _: step(coroutine))

        loop.call_soon(step, function(*arguments))

        async def result() -> Any:
            return await done

        return result


ALL = (Threads, Greenlets, Tasks, Callbacks)
