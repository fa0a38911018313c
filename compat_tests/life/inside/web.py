"""A web application, for servers of either kind: each request is a trace of two spans, named by its path."""

from __future__ import annotations

from typing import Any

from side import work

# What an application does while it is loaded may be what starts a worker, in the parent of all that follow.
work("at import")


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer a request (PEP 3333)."""
    work(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer a request (ASGI 3)."""
    if scope["type"] != "http":
        return
    work(scope["path"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
