"""The scope managers that a tracer is tested with, and what runs a function as each of them wants it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent
from opentracing.scope_managers import ThreadLocalScopeManager
from opentracing.scope_managers.asyncio import AsyncioScopeManager
from opentracing.scope_managers.contextvars import ContextVarsScopeManager
from opentracing.scope_managers.gevent import GeventScopeManager

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


ALL = (
    Kind("native", lambda: None, _plainly),
    Kind("native-in-a-task", lambda: None, _in_a_task),
    Kind("native-in-a-greenlet", lambda: None, _in_a_greenlet),
    Kind("thread-local", ThreadLocalScopeManager, _plainly),
    Kind("contextvars", ContextVarsScopeManager, _in_a_task),
    Kind("asyncio", AsyncioScopeManager, _in_a_task),
    Kind("gevent", GeventScopeManager, _in_a_greenlet),
)
