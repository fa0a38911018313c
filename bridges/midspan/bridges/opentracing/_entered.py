"""The context that is current while an OpenTracing scope is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.bridges.opentracing._scope import Scope
    from midspan.bridges.opentracing._span import Span

__all__ = ["VIEW", "Entered", "baggage_of"]

# The key under which a context's values hold the OpenTracing view of its span. Native contexts inside
# inherit it, so that the same object is found again there, and lives as long as something runs under it.
VIEW: Final = object()


class Entered(Context):
    """A context that knows the scope which put it into the slot."""

    __slots__ = ("other", "scope")

    scope: Scope
    # Another context in which the same span is active.
    other: Entered | None


def baggage_of(span: Span, previous: Context) -> Mapping[str, str]:
    """Return the baggage of the context in which `span` is activated after `previous`.

    In its own trace it is added to what is current. Baggage of another trace stays behind: it would travel to
    services that have nothing to do with it.
    """
    own, current = span._baggage, previous.baggage
    if own is current or not current:
        return own
    around = None if previous.span is None else previous.span.context
    if around is None or not around.is_valid or around.trace_id == span._native.context.trace_id:
        return {**current, **own}
    return own
