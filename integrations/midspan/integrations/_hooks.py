"""Call an application's hooks: a hook that raises is reported, and the request goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["call"]


def call(hook: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401 - what the library in question has
    """Call `hook(*arguments)`; never raises."""
    try:
        hook(*arguments)
    except Exception as error:  # noqa: BLE001 - a hook is the application's own code
        _trouble.report("integration.hook", "the hook %s raised", hook, error=error)
