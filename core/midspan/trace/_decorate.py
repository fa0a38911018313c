"""Run every call of a function in a span of its own, whatever kind of function it is."""

from __future__ import annotations

import functools
import types

from midspan import context as _context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Any, TypeVar

    from midspan.trace._span import Span
    from midspan.trace._tracer import SpanScope

    F = TypeVar("F", bound="Callable[..., Any]")

__all__ = ["decorate"]

_COROUTINE = 0x80  # inspect.CO_COROUTINE; `inspect` costs 10 ms at import
_GENERATOR = 0x20  # inspect.CO_GENERATOR
_ASYNC_GENERATOR = 0x200  # inspect.CO_ASYNC_GENERATOR


def decorate(function: F, scope: Callable[[], SpanScope]) -> F:
    """Wrap `function` so that each call enters a new `scope()`."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(decorate(function.__func__, scope))
    flags = _code_flags(function)
    if flags & _COROUTINE:
        wrapper = _coroutine(function, scope)
    elif flags & _ASYNC_GENERATOR:
        wrapper = _async_generator(function, scope)
    elif flags & _GENERATOR:
        wrapper = _generator(function, scope)
    else:
        wrapper = _plain(function, scope)
    return wrapper  # type: ignore[return-value]  # `functools.wraps` keeps the signature


def _code_flags(function: Any) -> int:  # noqa: ANN401 - any callable
    """Return the code flags of what will run, looking through partials and methods as `inspect` does."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, types.MethodType):
        function = function.__func__
    code = getattr(function, "__code__", None)
    if code is None and not isinstance(function, type):
        # An object that is called like a function does what its class says.
        code = getattr(type(function).__call__, "__code__", None)
    return code.co_flags if isinstance(code, types.CodeType) else 0


def _plain(function: Callable[..., Any], scope: Callable[[], SpanScope]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the decorated function's own types
        with scope():
            return function(*args, **kwargs)

    return call


def _coroutine(function: Callable[..., Any], scope: Callable[[], SpanScope]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the decorated function's own types
        with scope():
            return await function(*args, **kwargs)

    return call


def _generator(function: Callable[..., Any], scope: Callable[[], SpanScope]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:  # noqa: ANN401 - as above
        lane = _Lane(scope())
        try:
            body = function(*args, **kwargs)
            step = functools.partial(next, body)
            while True:
                with lane:
                    item = step()
                try:
                    step = functools.partial(body.send, (yield item))
                except GeneratorExit:
                    with lane:
                        body.close()
                    raise
                except BaseException as error:  # noqa: BLE001 - whatever was thrown in is the body's to handle
                    step = functools.partial(body.throw, error)
        except StopIteration as stop:
            return stop.value
        except BaseException as error:
            lane.fail(error)
            raise
        finally:
            lane.end()

    return call


def _async_generator(function: Callable[..., Any], scope: Callable[[], SpanScope]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401 - as above
        lane = _Lane(scope())
        try:
            body = function(*args, **kwargs)
            step = functools.partial(anext, body)
            while True:
                with lane:
                    item = await step()
                try:
                    step = functools.partial(body.asend, (yield item))
                except GeneratorExit:
                    with lane:
                        await body.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - whatever was thrown in is the body's to handle
                    step = functools.partial(body.athrow, error)
        except StopAsyncIteration:
            return
        except BaseException as error:
            lane.fail(error)
            raise
        finally:
            lane.end()

    return call


class _Lane:
    """The context of a generator's own code: entered when it runs, put aside when it yields.

    What the body makes current stays current for the body, and never leaks to whoever iterates over it.
    """

    __slots__ = ("_inside", "_outside", "_scope", "_span")

    def __init__(self, scope: SpanScope) -> None:
        self._scope = scope
        self._span: Span
        self._span, self._inside = scope.start()

    def __enter__(self) -> None:
        self._outside = _context.current()
        _context._slot.set(self._inside)

    def __exit__(self, *exc_info: object) -> None:
        self._inside = _context.current()
        _context._slot.set(self._outside)

    def fail(self, error: BaseException) -> None:
        self._scope.fail(self._span, error)

    def end(self) -> None:
        self._scope.end(self._span)
