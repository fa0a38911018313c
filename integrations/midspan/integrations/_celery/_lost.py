"""The pool's side: a span for each task whose process was killed, so that it could not end its own.

What only the process knew of it is lost: what the task did until then, if that was not exported yet.
"""

from __future__ import annotations

import os
import re
import time
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._celery._common import is_to_record, message_of
from midspan.integrations._celery._running import queue_of
from midspan.integrations._guarded import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._messaging import MessagingPolicy
    from midspan.integrations._patches import Patches

__all__ = ["watch_pool"]

_NS_PER_S: Final = 1e9
# What billiard says of a process that was killed, or left when it was told to terminate; not of one that
# left by itself (SystemExit), which has told of its task.
_KILLED: Final = re.compile(r"signal|exitcode 15\b")


def watch_pool(policy: MessagingPolicy, patches: Patches) -> Callable[..., None]:
    """Return what watches a worker's pool, once there is one: who only sends never imports the worker."""
    is_watched = False

    @guarded
    def worker_init(**_: object) -> None:
        from celery.worker.request import Request  # noqa: PLC0415 - only a worker has it

        nonlocal is_watched
        if patches.on and not is_watched:
            is_watched = True
            patches.around(Request, "on_timeout", _timing_out(policy, patches))
            patches.around(Request, "on_failure", _failing(policy, patches))

    return worker_init


def _timing_out(policy: MessagingPolicy, patches: Patches) -> Callable[[Any], Any]:
    from billiard.exceptions import TimeLimitExceeded  # noqa: PLC0415 - as above

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def on_timeout(self: Any, soft: bool, timeout: Any) -> Any:  # noqa: ANN401, FBT001 - Celery's own
            if patches.on and not soft:
                _tell(policy=policy, request=self, error=TimeLimitExceeded(timeout), state="FAILURE")
            return native(self, soft, timeout)

        return on_timeout

    return around


def _failing(policy: MessagingPolicy, patches: Patches) -> Callable[[Any], Any]:
    from billiard.exceptions import Terminated, WorkerLostError  # noqa: PLC0415 - as above

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def on_failure(self: Any, exc_info: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - Celery's own
            error = getattr(exc_info, "exception", None)
            # Newer ones carry it in another, with its traceback.
            error = getattr(error, "exc", error)
            if patches.on and isinstance(error, Terminated):
                _tell(policy=policy, request=self, error=error, state="REVOKED")
            elif patches.on and isinstance(error, WorkerLostError) and _KILLED.search(str(error)):
                _tell(policy=policy, request=self, error=error, state="FAILURE")
            return native(self, exc_info, *arguments, **named)

        return on_failure

    return around


@guarded
def _tell(policy: MessagingPolicy, request: Any, error: Exception, state: str) -> None:  # noqa: ANN401 - a celery Request
    # In pools of threads and greenlets, a task that is ended this way ends its span itself.
    if request.worker_pid in (None, os.getpid()) or not request.time_start:
        return
    task = request.task
    if not is_to_record(policy, task.app, task.name):
        return
    start_ns = int(request.time_start * _NS_PER_S)
    message = message_of(task.app, task.name, queue_of(request.delivery_info), request.id)
    running = policy.process(message, request.request_dict, start_ns=start_ns)
    running.span.set_attribute("celery.state", state)
    running.failed(error)
    running.end(max(0, time.time_ns() - start_ns))
