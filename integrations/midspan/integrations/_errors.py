"""Name an error as the attribute `error.type` has it."""

from __future__ import annotations

__all__ = ["error_type"]


def error_type(error: BaseException) -> str:
    """Return the qualified name of the error's class: few different values, so metrics may have it too."""
    kind = type(error)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
