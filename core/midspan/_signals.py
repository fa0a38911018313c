"""Tell an exception that a signal handler raised from one that what we called has raised.

Applications raise out of signal handlers, to end themselves or what takes too long (Celery's soft time limit,
`signal.alarm`). Such an exception comes up wherever the main thread happens to be. If that is a place where
midspan keeps what others raise from its caller, it must go on nevertheless.
"""

from __future__ import annotations

# `signal` itself imports enum, which costs a millisecond at import.
import _signal  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType
    from typing import Any

__all__ = ["let_through"]


def let_through(error: BaseException) -> None:
    """Raise `error` again if a signal handler has raised it; else do nothing."""
    raised_in: set[Any] = set()
    place = error.__traceback__
    while place is not None:
        raised_in.add(place.tb_frame.f_code)
        place = place.tb_next
    if not raised_in.isdisjoint(_handlers()):
        raise error


def _handlers() -> Iterator[CodeType | None]:
    for number in range(1, _signal.NSIG):
        handler: Any = _signal.getsignal(number)
        if callable(handler):
            yield _code_of(handler)


def _code_of(handler: Any) -> CodeType | None:  # noqa: ANN401 - any callable
    """Return the code that runs first of a function, a method, a partial or a callable object."""
    handler = getattr(handler, "func", handler)
    handler = getattr(handler, "__func__", handler)
    function = handler if hasattr(handler, "__code__") else type(handler).__call__
    code: CodeType | None = getattr(function, "__code__", None)
    return code
