"""Open the way to an endpoint; `requests` is imported when there is something to send.

It takes 100 ms, which a program that only starts need not spend. And it brings `ssl`, which gevent must patch
before anybody else has it, while `midspan run` configures a pipeline before the program's first line.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from importlib import util
from typing import TYPE_CHECKING, Any

from midspan._forks import is_before_fork
from midspan.exporters._http._exchange import NotSentError

if TYPE_CHECKING:
    from midspan.exporters._http._exchange import Answer, Endpoint, Request, Transport

__all__ = ["http_transport"]

_is_wanted = False


def http_transport(endpoint: Endpoint, extra: str) -> Transport:
    """Return what exchanges requests for answers with an endpoint.

    Raises:
        ImportError: The `requests` library is missing; the message names the extra that brings it.
    """
    global _is_wanted  # noqa: PLW0603 - whether there is anything to do before a fork
    if util.find_spec("requests") is None:
        raise ImportError(f"No module named 'requests': pip install 'midspan[{extra}]'")
    _is_wanted = True
    if is_before_fork():
        # uWSGI does not say when it forks.
        _load_before_fork()
    return _LateTransport(endpoint)


class _LateTransport:
    """A transport that is made when it is first used."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._is_closed = False
        self._made: dict[str, Transport] = {}

    def send(self, request: Request, timeout_s: float) -> Answer:
        """Do as the transport does, which is made within the same time."""
        until_s = time.monotonic() + timeout_s
        native = self._made.get("native")
        if native is None:
            native = self._make()
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise NotSentError(f"requests was not imported within {timeout_s:g} s")
            timeout_s = left_s
        return native.send(request, timeout_s)

    def _make(self) -> Transport:
        try:
            transport = _load()
        except ImportError as error:
            # Perhaps a signal's handler is what sends, in the middle of the import.
            raise NotSentError(f"requests cannot be imported: {error}") from error
        # Two threads may make one each; both go on with the same.
        native = self._made.setdefault("native", transport(self._endpoint))
        if self._is_closed:
            native.close()
        return native

    def close(self) -> None:
        """Close what was made; what is sent from now on is refused."""
        self._is_closed = True
        if "native" in self._made:
            self._made["native"].close()


def _load() -> Any:  # noqa: ANN401 - a class that only exists where `requests` does
    from midspan.exporters._http._transport import HTTPTransport  # noqa: PLC0415 - as said

    return HTTPTransport


def _load_before_fork() -> None:
    """Import it for all children at once; and a child of an import that is under way could never import."""
    # A server that has loaded gevent may let each child patch for itself: it is not imported before that.
    is_begun, may_patch = "requests" in sys.modules, bool({"gevent", "eventlet"} & sys.modules.keys())
    if _is_wanted and (is_begun or not may_patch):
        with contextlib.suppress(ImportError):
            _load()


os.register_at_fork(before=_load_before_fork)
