"""The context that is current while an OpenTracing scope is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.context import Context

if TYPE_CHECKING:
    from midspan.bridges.opentracing._scope import Scope

__all__ = ["VIEW", "Entered"]

# The key under which a context's values hold the OpenTracing view of its span. Native contexts inside
# inherit it, so that the same object is found again there, and lives as long as something runs under it.
VIEW: Final = object()


class Entered(Context):
    """A context that knows the scope which put it into the slot."""

    __slots__ = ("other", "scope")

    scope: Scope
    # Another context in which the same span is active.
    other: Entered | None
