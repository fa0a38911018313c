"""Tell the methods of HTTP from what a client makes up."""

from __future__ import annotations

from typing import Final

__all__ = ["OTHER", "known", "name_of"]

OTHER: Final = "_OTHER"

# RFC 9110 and RFC 5789 (PATCH), and QUERY, as the semantic conventions list them.
_KNOWN: Final = {
    method: method
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY")
}


def known(method: str) -> str:
    """Return a method as an attribute may have it: `_OTHER` for one that no specification knows.

    A client may send any word. As the attribute of a metric, each would be a series of its own for ever.
    """
    return _KNOWN.get(method) or _KNOWN.get(method.upper(), OTHER)


def name_of(method: str) -> str:
    """Return how a span's name begins: with the (known) method, or `HTTP`."""
    return "HTTP" if method == OTHER else method
