"""Know what is current: the active span and the baggage, in one slot.

Everything that has a notion of "current" (the native API, an OpenTracing scope, an OpenCensus runtime
context) reads and writes this slot, so that all of them nest in one trace.

A `Context` is an immutable value. `attach` puts one into the slot and returns a token; `detach` takes it
out again. Neither ever raises or logs, wherever it is called: when the order is wrong, or the detach comes
from another thread, another task or the finaliser of an abandoned generator, the left context is marked,
and whoever still finds it in its slot is handed the one before it.
"""

from __future__ import annotations

import contextvars
from types import MappingProxyType

from midspan import _trouble

# Not typing.TYPE_CHECKING: `typing` alone would double what importing the tracing interface costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future
    from types import TracebackType
    from typing import Any, Final, ParamSpec, TypeVar

    from midspan.trace import Span

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = [
    "EMPTY",
    "Context",
    "Token",
    "amend_baggage",
    "attach",
    "attached",
    "carry",
    "current",
    "detach",
    "leave",
    "submit",
]

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


class Context:
    """What travels with the flow of control: the active span, the baggage, and values by key.

    Never change one; the `with_...` methods return a new one.
    """

    __slots__ = ("_left_for", "baggage", "span", "values")

    span: Span | None
    baggage: Mapping[str, str]
    values: Mapping[object, object]
    # Set only when this context was detached out of place: whoever still meets it goes there instead.
    _left_for: Context | None

    def __init__(
        self,
        span: Span | None = None,
        baggage: Mapping[str, str] = _NOTHING,
        values: Mapping[object, object] = _NOTHING,
    ) -> None:
        self.span = span
        self.baggage = baggage
        self.values = values
        self._left_for = None

    def with_span(self, span: Span | None) -> Context:
        """Return this context with another active span."""
        return Context(span, self.baggage, self.values)

    def with_baggage(self, baggage: Mapping[str, str]) -> Context:
        """Return this context with other baggage; the mapping must not change afterwards."""
        return Context(self.span, baggage, self.values)

    def with_value(self, key: object, value: object) -> Context:
        """Return this context with one more value under a key of your own (an object, not a string)."""
        return Context(self.span, self.baggage, {**self.values, key: value})

    def _outlast(self, entered: Context) -> None:
        """Be told, while current, that a context around this one is left first. For a bridge's contexts."""

    def __repr__(self) -> str:
        return f"Context(span={self.span!r}, baggage={dict(self.baggage)!r})"


EMPTY: Final = Context()

_slot: contextvars.ContextVar[Context] = contextvars.ContextVar("midspan", default=EMPTY)


class Token:
    """What `attach` returns: the context that was attached, and the one before it."""

    __slots__ = ("_attached", "_place", "_previous")

    def __init__(self, attached: Context, previous: Context) -> None:
        self._attached = attached
        self._previous = previous
        self._place = _slot.set(attached)


def current() -> Context:
    """Return the context that is current here; the empty one if nothing was attached."""
    context = _slot.get()
    return context if context._left_for is None else _settle(context)


def _settle(context: Context) -> Context:
    """Walk from a context that was left to the nearest that was not, and make that the current one."""
    while context._left_for is not None:
        context = context._left_for
    _slot.set(context)
    return context


def attach(context: Context) -> Token:
    """Make `context` the current one until `detach` is called with the returned token."""
    if not issubclass(type(context), Context):
        _trouble.report("context.invalid", "%s was attached, which is no context", context)
        context = current()
    # The slot holds a copy: the same context may be attached twice, and left in one place only.
    entered = Context(context.span, context.baggage, context.values)
    return Token(entered, current())


def detach(token: Token) -> None:
    """Make what was current before the `attach` current again; harmless in any order and from anywhere."""
    if type(token) is Token:
        leave(token._attached, token._previous, token._place)
    else:
        _trouble.report("context.invalid", "%s was given to detach, which is no token", token)


def leave(entered: Context, previous: Context, place: contextvars.Token[Context] | None = None) -> None:
    """Take `entered` out of the slot, as `detach` does; for scopes that keep both contexts themselves.

    `place` is what putting it there returned. It tells the slot of this task or thread from the copy of it
    in which, say, an event loop ends an abandoned async generator: the original would never be mended.
    """
    while previous._left_for is not None:
        previous = previous._left_for
    inner = _slot.get()
    is_current = inner is entered
    if is_current:
        is_current = place is None or _is_of_here(place)
        _slot.set(previous)
    if not is_current and entered._left_for is None:
        entered._left_for = previous
        inner._outlast(entered)


def _is_of_here(place: contextvars.Token[Context]) -> bool:
    try:
        _slot.reset(place)
    except (ValueError, RuntimeError):  # It was made elsewhere, or is used up.
        return False
    return True


def amend_baggage(span: Span, baggage: Mapping[str, str]) -> None:
    """Give the current context other baggage in place, if `span` is its span.

    For bridges to interfaces where a *span* carries mutable baggage: what runs under the span, here and in
    the tasks that it started, must see the change at once.
    """
    context = current()
    if context.span is span:
        context.baggage = baggage


class attached:  # noqa: N801 - a context manager that reads as a verb
    """Run a block under a context: `with context.attached(propagation.extract(headers)): ...`."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Context:
        self._token = attach(self._context)
        return self._context

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        detach(self._token)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` bound to the context that is current now, for a thread or a callback to run later.

    >>> import threading
    >>> threading.Thread(target=carry(print), args=("traced",)).start()
    traced
    """
    import functools  # noqa: PLC0415 - 2 ms at import, and few programs come by here

    context = current()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        with attached(context):
            return function(*args, **kwargs)

    return carried


def submit(executor: Executor, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
    """Submit to an executor what will run under the context that is current now."""
    return executor.submit(carry(function), *args, **kwargs)
