"""See that a fault of ours, or something odd that a library was given, never reaches the application."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

__all__ = ["guarded"]


def guarded(function: Callable[P, R]) -> Callable[P, R | None]:
    """Return a function that does as the given one does; what that raises is reported, and None returned."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> R | None:  # noqa: ANN401 - whatever it is given
        try:
            return function(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - it is not the application's fault, nor its matter
            _trouble.report("integration.fault", "%s failed", function.__qualname__, error=error)
            return None

    return call
