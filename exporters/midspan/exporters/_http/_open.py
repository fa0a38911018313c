"""Open the way to an endpoint; what it takes is imported when it is needed.

`ssl` comes last, with the first connection that asks for it: gevent must patch it before anybody else has it,
and `midspan run` configures a pipeline before the program's first line.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

from midspan._forks import is_before_fork
from midspan._native import allocate_lock

if TYPE_CHECKING:
    from midspan.exporters._http._exchange import Endpoint, Transport
    from midspan.exporters._http._tls import Trust

__all__ = ["http_transport", "load_tls"]

# Whoever waits for longer is a signal's handler in the middle of it.
_LONGEST_S: Final = 1.0

_is_tls_wanted = False
# One thread at a time: those of modules are gevent's locks by now, perhaps, on which threads may hang.
_loading = allocate_lock()
_loaded: list[type[Trust]] = []


def http_transport(endpoint: Endpoint) -> Transport:
    """Return what exchanges requests for answers with an endpoint."""
    global _is_tls_wanted  # noqa: PLW0603 - whether there is anything to do before a fork
    # Who has a transport of his own needs none of this.
    from midspan.exporters._http._transport import HTTPTransport  # noqa: PLC0415 - as said

    if any(url.lower().startswith("https:") for url in (endpoint.url, endpoint.proxy or "")):
        _is_tls_wanted = True
        if is_before_fork():
            # uWSGI does not say when it forks.
            _load_before_fork()
    return HTTPTransport(endpoint)


def load_tls() -> type[Trust]:
    """Return what makes streams secure.

    Raises:
        ImportError: This Python has no `ssl`; or a signal's handler is what asks, in the middle of this.
    """
    if not _loaded:
        if not _loading.acquire(timeout=_LONGEST_S):
            raise ImportError("it is being loaded")
        try:
            from midspan.exporters._http._tls import Trust  # noqa: PLC0415 - as said

            _loaded.append(Trust)
        finally:
            _loading.release()
    return _loaded[0]


def _load_before_fork() -> None:
    """Import it for all children at once; and a child of an import that is under way could never import."""
    # A server that has loaded gevent may let each child patch for itself: it is not imported before that.
    is_begun, may_patch = "ssl" in sys.modules, bool({"gevent", "eventlet"} & sys.modules.keys())
    if _is_tls_wanted and (is_begun or not may_patch):
        with contextlib.suppress(ImportError):
            load_tls()


os.register_at_fork(before=_load_before_fork)
