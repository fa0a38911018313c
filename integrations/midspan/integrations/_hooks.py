"""Call an application's hooks: a hook that raises is reported, and the request goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.trace import Span

__all__ = ["call"]


def call(hook: Callable[..., object] | None, span: Span, *arguments: Any) -> None:  # noqa: ANN401 - the library's own
    """Call `hook(span, *arguments)`, if there is one and the span records; never raises."""
    if hook is None or not span.is_recording():
        return
    try:
        hook(span, *arguments)
    except Exception as error:  # noqa: BLE001 - a hook is the application's own code
        _trouble.report("integration.hook", "the hook %s raised", hook, error=error)
