"""Ask a web server for the same thing again and again, over a few connections at once."""

from __future__ import annotations

import random
from http.client import HTTPConnection

__all__ = ["ask"]

PATH, ANSWER = "/hello/world", b"hello, world"
CONNECTIONS = 4
_DICE = random.Random(50)


def ask(port: int, count: int) -> None:
    """Send as many requests, each of which goes on a trace of its own; every answer must be right.

    A connection is kept for as long as the server keeps it.
    """
    connections = [HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(min(CONNECTIONS, count))]
    try:
        for first in range(0, count, len(connections)):
            asked = connections[: count - first]
            for connection in asked:
                connection.request("GET", PATH, headers=_headers())
            for connection in asked:
                _check(connection)
    finally:
        for connection in connections:
            connection.close()


def _headers() -> dict[str, str]:
    return {
        "traceparent": f"00-{_DICE.getrandbits(128):032x}-{_DICE.getrandbits(64):016x}-01",
        "user-agent": "shop/1.2.0",
        "accept": "text/plain",
    }


def _check(connection: HTTPConnection) -> None:
    response = connection.getresponse()
    body = response.read()
    if (response.status, body) != (200, ANSWER):
        raise AssertionError(f"the server answered {response.status}, {body[:200]!r}")
