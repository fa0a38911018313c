"""What is known of a request before it is served or sent, whatever the library that it came by."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from midspan._redaction import redacted_url
from midspan.integrations._http._known import known_method

__all__ = ["ClientRequest", "ServerRequest", "split_host"]

_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class ServerRequest:
    """A request that was received. Slots, filled by position: one is made for each request."""

    __slots__ = (
        "client",
        "client_port",
        "host",
        "known_method",
        "method",
        "path",
        "port",
        "query",
        "scheme",
        "user_agent",
        "version",
    )

    def __init__(  # noqa: PLR0913 - what a request line and a few headers hold
        self,
        method: str,
        scheme: str,
        path: str,
        query: str,
        host: str | None,
        port: int | None,
        version: str | None,
        user_agent: str | None,
        client: str | None,
        client_port: int | None,
    ) -> None:
        """Take the parts as the server has them, `query` redacted."""
        self.method = method
        self.known_method = known_method(method)
        self.scheme = scheme
        self.path = path
        self.query = query
        self.host = host
        self.port = port
        self.version = version
        self.user_agent = user_agent
        self.client = client
        self.client_port = client_port

    def is_same(self, other: ServerRequest) -> bool:
        """Say whether another layer was told of the very request that this one was told of."""
        return (self.method, self.path, self.query, self.host, self.user_agent) == (
            other.method,
            other.path,
            other.query,
            other.host,
            other.user_agent,
        )


class ClientRequest:
    """A request that will be sent."""

    __slots__ = ("host", "known_method", "method", "port", "scheme", "url")

    def __init__(self, method: str, url: str) -> None:
        """Take the method and the whole URL, secrets and all: what is kept of it has none."""
        self.method = method
        self.known_method = known_method(method)
        self.url = redacted_url(url)
        self.scheme, self.host, self.port = _target(self.url)


def _target(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        # The library will say what is wrong with it, and to whom.
        return "", None, None


def split_host(host: str | None, scheme: str) -> tuple[str | None, int | None]:
    """Return address and port of a `Host` header; the port that the scheme implies where none is written."""
    if not host:
        return None, None
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        return host.strip("[]"), _PORTS.get(scheme)
    return name.strip("[]"), int(port) if port.isdecimal() and len(port) <= 5 else None  # noqa: PLR2004 - 65535
