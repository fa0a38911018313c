"""Where requests go, and what stands at their top: read once from the URLs of an endpoint and its proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, urlsplit

from midspan._about import USER_AGENT
from midspan.exporters._http._exchange import NotSentError
from midspan.exporters._http._given import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from midspan.exporters._http._exchange import Endpoint, Request

__all__ = ["Place", "Route", "route_to"]

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]*|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z._~-]+)?")
# All that may stand in a path or a query, and what is there already in its encoded form.
_KEPT: Final = "!#$%&'()*+,/:;=?@[]~"
# How long the body is, and how it ends, is said by who sends it.
_OURS: Final = frozenset({"content-length", "transfer-encoding"})


class Place(NamedTuple):
    """Somewhere to connect to, with TLS or without."""

    host: str
    port: int
    is_secure: bool

    @property
    def authority(self) -> str:
        """The place, as a request names it."""
        host = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.is_secure else "http"] else f"{host}:{self.port}"


class Route(NamedTuple):
    """The way to an endpoint: `tunnel` is the request that makes a proxy open one, where one is needed."""

    place: Place
    target: str
    headers: Mapping[str, str]
    proxy: Place | None
    tunnel: bytes | None

    def head(self, request: Request) -> bytes:
        """Return the head of a request.

        Raises:
            NotSentError: A header can be in none.
            ValueError: Likewise.
        """
        headers = {**self.headers} | {name.lower(): value for name, value in request.headers.items()}
        named = {name: value for name, value in headers.items() if name not in _OURS}
        return _head(f"POST {self.target}", {**named, "content-length": str(len(request.body))})


def route_to(endpoint: Endpoint) -> Route:
    """Return the way to an endpoint.

    Raises:
        NotSentError: A host can be none. The text does not show it: whatever is wrong may be a secret.
        ValueError: Likewise, of a host with other letters than those of ASCII.
    """
    url = urlsplit(endpoint.url)
    place = _place(url)
    target = quote((url.path or "/") + (f"?{url.query}" if url.query else ""), safe=_KEPT)
    agent = {"user-agent": USER_AGENT}
    headers = {"host": place.authority, **agent, "accept-encoding": "identity"}
    headers |= {name.lower(): value for name, value in endpoint.headers.items()}
    if endpoint.proxy is None:
        return Route(place, target, headers, None, None)
    proxy = urlsplit(endpoint.proxy)
    credentials = {f"proxy-{name}": value for name, value in without_credentials(proxy)[1].items()}
    if not place.is_secure:
        target = f"http://{place.authority}{target}"
        return Route(place, target, headers | credentials, _place(proxy), None)
    authority = place.authority if place.authority.endswith(f":{place.port}") else f"{place.authority}:443"
    tunnel = _head(f"CONNECT {authority}", {"host": authority, **agent, **credentials})
    return Route(place, target, headers, _place(proxy), tunnel)


def _place(url: SplitResult) -> Place:
    host = (url.hostname or "").replace("%25", "%")  # before the scope of an address (RFC 6874)
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    if not _HOST.fullmatch(host):
        raise NotSentError("the URL's host can be none", permanent=True)
    return Place(host, url.port or _PORTS[url.scheme], url.scheme == "https")


def _head(first: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{first} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    text = "\r\n".join(lines)
    if text.count("\r") + text.count("\n") != 2 * (len(lines) - 1):
        raise NotSentError("a header has more than one line", permanent=True)
    return f"{text}\r\n\r\n".encode("latin-1")
