"""Begin where a caller's trace leads, as far as the caller is trusted: what servers of every kind share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from midspan import context, propagation, trace
from midspan._environment import ConfigurationError

if TYPE_CHECKING:
    from midspan._environment import Environment
    from midspan.context import Context

__all__ = ["Inbound", "arrived", "inbound_of"]

Inbound = Literal["continue", "link", "ignore"]


def inbound_of(given: str | None, environment: Environment) -> Inbound:
    """Return what to make of a caller's trace: what was given, else `MIDSPAN_INBOUND`, else continue it.

    Raises:
        ConfigurationError: Something else was given.
    """
    inbound = given or environment.text("MIDSPAN_INBOUND") or "continue"
    if inbound not in get_args(Inbound):
        allowed = ", ".join(get_args(Inbound))
        message = f"inbound={inbound!r} (MIDSPAN_INBOUND) is not valid: allowed are {allowed}"
        raise ConfigurationError(message)
    return cast("Inbound", inbound)


def arrived(inbound: Inbound, headers: Any) -> tuple[Context, list[trace.Link] | None]:  # noqa: ANN401 - a carrier
    """Return the context to begin in, and links, by how far the caller is trusted."""
    if inbound == "ignore":
        return context.EMPTY, None
    found = propagation.extract(headers, context.EMPTY)
    if inbound == "continue" or found.span is None:
        return found, None
    return found.with_span(None), [trace.Link(found.span.context)]
