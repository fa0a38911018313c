"""The scope managers that a tracer is tested with, and what runs a function as each of them wants it."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
import pytest
from opentracing.scope_managers import ThreadLocalScopeManager

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ALL", "Kind"]


class Kind(NamedTuple):
    """A kind of scope manager: None makes the native one."""

    name: str
    make: Callable[[], Any]
    run: Callable[[Callable[[], None]], None]


def _plainly(function: Callable[[], None]) -> None:
    function()


def _in_a_task(function: Callable[[], None]) -> None:
    async def task() -> None:
        function()

    asyncio.run(task())


def _in_a_greenlet(function: Callable[[], None]) -> None:
    gevent.spawn(function).get()


def _contextvars() -> Any:
    managers = pytest.importorskip("opentracing.scope_managers.contextvars")
    return managers.ContextVarsScopeManager()


def _asyncio() -> Any:
    from opentracing.scope_managers.asyncio import AsyncioScopeManager

    if version("opentracing") < "2.4":
        pytest.skip("before 2.4 it asks for asyncio.Task.current_task, which Python has not had since 3.9")
    return AsyncioScopeManager()


def _gevent() -> Any:
    from opentracing.scope_managers.gevent import GeventScopeManager

    return GeventScopeManager()


ALL = (
    Kind("native", lambda: None, _plainly),
    Kind("native-in-a-task", lambda: None, _in_a_task),
    Kind("native-in-a-greenlet", lambda: None, _in_a_greenlet),
    Kind("thread-local", ThreadLocalScopeManager, _plainly),
    Kind("contextvars", _contextvars, _in_a_task),
    Kind("asyncio", _asyncio, _in_a_task),
    Kind("gevent", _gevent, _in_a_greenlet),
)
