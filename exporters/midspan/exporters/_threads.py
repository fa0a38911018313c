"""Keep what blocks, be it in gRPC's or Kafka's library or on a socket, away from greenlets: all would wait.

The workers of a pipeline are threads of the system already. This is for who calls an exporter by himself, in
a thread whose greenlets wait for their turn.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar

from midspan._native import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["away_from_greenlets"]

T = TypeVar("T")

_FIRST_POLL_S: Final = 0.0005
_LAST_POLL_S: Final = 0.02


def away_from_greenlets(function: Callable[[], T]) -> T:
    """Return what `function` returns; it must not raise, and must end by itself."""
    if not _has_greenlets():
        return function()
    answers: list[T] = []
    try:
        start_thread(lambda: answers.append(function()))
    except RuntimeError:
        # No thread can be had. Better that the others wait than that nothing is sent.
        return function()
    pause_s = _FIRST_POLL_S
    while not answers:
        # gevent's, which lets the others go on.
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LAST_POLL_S)
    return answers[0]


def _has_greenlets() -> bool:
    """Say whether greenlets wait in this thread for their turn, and sleeping gives it to them.

    A worker of the pipeline has a hub of gevent's as well, once it has slept; but nobody waits there, and a
    thread that is in the middle of a switch when the interpreter ends brings the process down.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("time"):
        return False
    from gevent import getcurrent  # noqa: PLC0415 - there is gevent
    from gevent._hub_local import get_hub_if_exists  # noqa: PLC0415 - as above

    hub = get_hub_if_exists()
    return hub is not None and (hub.main_hub or getcurrent().parent is not None)
