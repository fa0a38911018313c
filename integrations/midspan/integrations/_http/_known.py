"""Tell what specifications know from what a client makes up.

A client may send any word. As the attribute of a metric, each would be a series of its own for ever.
"""

from __future__ import annotations

from typing import Final

__all__ = ["OTHER", "known_method", "known_scheme", "known_version", "name_of"]

OTHER: Final = "_OTHER"

# RFC 9110 and RFC 5789 (PATCH), and QUERY, as the semantic conventions list them.
_METHODS: Final = {
    method: method
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY")
}
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})
_VERSIONS: Final = {"0.9": "0.9", "1.0": "1.0", "1.1": "1.1", "2": "2", "2.0": "2", "3": "3", "3.0": "3"}


def known_method(method: str) -> str:
    """Return a method as an attribute may have it: `_OTHER` for one that no specification knows."""
    return _METHODS.get(method) or _METHODS.get(method.upper(), OTHER)


def known_scheme(scheme: str) -> str:
    """Return a scheme as an attribute of a metric may have it: a proxy's header may have told anything."""
    return scheme if scheme in _SCHEMES else OTHER


def known_version(version: str | None) -> str | None:
    """Return a version of HTTP as the conventions write it; None for one that does not exist."""
    return _VERSIONS.get(version) if version else None


def name_of(method: str) -> str:
    """Return how a span's name begins: with the (known) method, or `HTTP`."""
    return "HTTP" if method == OTHER else method
