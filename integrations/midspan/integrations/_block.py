"""Do one thing under a client's span: what calls over HTTP, to databases and to other services share."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING

from midspan import context
from midspan.trace._exceptions import type_name

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TypeVar

    from midspan.context import Token
    from midspan.trace import Span

    B = TypeVar("B", bound="Block")

__all__ = ["Block", "is_inside"]


def is_inside(key: object) -> bool:
    """Say whether a block with this key is under way here: begun by the library above this one."""
    return key in context.current().values


class Block:
    """A `with` block in which a span is current, and which says by `key` to libraries below that it is there.

    An exception that leaves it is recorded, and goes on unchanged. Subclasses measure the duration.
    """

    __slots__ = ("_began_ns", "_token", "error", "span")

    key: object
    _began_ns: int
    _token: Token

    def __init__(self, span: Span) -> None:
        """Take a span that has been started; the block ends it."""
        self.span = span
        self.error: str | None = None

    def __enter__(self: B) -> B:  # noqa: PYI019 - Self is newer than Python 3.10
        """Make the span current."""
        here = context.current()
        inside = context.Context(self.span, here.baggage, {**here.values, self.key: True})
        self._token = context.attach(inside)
        self._began_ns = perf_counter_ns()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        duration_ns = perf_counter_ns() - self._began_ns
        if exc is not None and isinstance(exc, Exception):
            self.error = type_name(exc)
            self.span.set_attribute("error.type", self.error)
            self._record(exc)
            self._failed(exc)
        self._measure(duration_ns)
        context.detach(self._token)
        self.span.end()

    def ended(self, duration_ns: int) -> None:
        """End what was never entered, for libraries that tell of begin and end by events."""
        self._measure(duration_ns)
        self.span.end()

    def _record(self, error: Exception) -> None:
        """Tell of the error in the span."""
        self.span.fail(error)

    def _failed(self, error: Exception) -> None:
        """Add what only this kind of call knows of an error."""

    def _measure(self, duration_ns: int) -> None:
        """Record how long it took; `error` is known by now."""
        raise NotImplementedError
