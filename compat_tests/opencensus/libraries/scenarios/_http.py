"""Serve, request, and be the peer that keeps what it receives."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from _serving import get, serving_wsgi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Peer", "get", "serving_peer", "serving_wsgi"]


class Peer:
    """A server that knows no tracing.

    Attributes:
        url: where it is, without the last slash.
        received: the headers of each request, with Title-Case names.
    """

    def __init__(self) -> None:
        self.url = ""
        self.received: list[dict[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer `/gone` with 404, `/broken` with 500, anything else with 200."""
        headers = {key[5:]: value for key, value in environ.items() if key.startswith("HTTP_")}
        self.received.append({key.replace("_", "-").title(): value for key, value in headers.items()})
        status = {"/gone": "404 Not Found", "/broken": "500 Internal Server Error"}
        start_response(status.get(environ["PATH_INFO"], "200 OK"), [("Content-Type", "text/plain")])
        return [b"peer"]


@contextlib.contextmanager
def serving_peer() -> Iterator[Peer]:
    """Serve a peer on a loopback port."""
    peer = Peer()
    with serving_wsgi(peer) as url:
        peer.url = url
        yield peer
