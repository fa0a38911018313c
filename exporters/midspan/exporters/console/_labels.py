"""Say in a word where a span comes from and what it is."""

from __future__ import annotations

from typing import Any, Final

from midspan.exporters.console._text import escaped
from midspan.trace import SpanKind

__all__ = ["kind_of", "name_of", "origin_of", "service_of", "shown_value"]

_ORIGINS: Final = {
    "midspan.bridges.opentracing": "OpenTracing",
    "midspan.bridges.opencensus": "OpenCensus",
}
_NO_SERVICE: Final = "?"


def service_of(span: Any) -> str:  # noqa: ANN401 - a span
    """Return the name of the service that made the span."""
    attributes = getattr(span.resource, "attributes", None) or {}
    return escaped(attributes.get("service.name", _NO_SERVICE))


def origin_of(span: Any) -> str:  # noqa: ANN401 - a span
    """Return the interface through which the span was made."""
    return _ORIGINS.get(getattr(span.scope, "name", ""), "native")


def kind_of(span: Any) -> str:  # noqa: ANN401 - a span
    """Return the kind, if it says more than that nothing is known."""
    return "" if span.kind == SpanKind.INTERNAL else escaped(getattr(span.kind, "name", "")).lower()


def name_of(span: Any) -> str:  # noqa: ANN401 - a span
    """Return the span's name, fit for one line."""
    return escaped(span.name) or "(no name)"


def shown_value(value: object) -> str:
    """Return an attribute's value, fit for one line; text as it is, so that it can be copied."""
    return escaped(value if isinstance(value, str) else _repr(value))


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a processor may have left anything there
        return f"<{type(value).__name__}>"
