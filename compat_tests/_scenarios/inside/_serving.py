"""Serve an application on a loopback port, and request it with what knows no tracing."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's word
        """Keep the scenario's output for what fails."""


@contextlib.contextmanager
def serving_wsgi(app: Callable[..., Any]) -> Iterator[str]:
    """Serve a WSGI application in a thread; give its URL without the last slash."""
    with make_server("127.0.0.1", 0, app, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def get(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Request a URL with the standard library; return status and body."""
    try:
        with _DIRECT.open(urllib.request.Request(url, headers=headers or {}), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
