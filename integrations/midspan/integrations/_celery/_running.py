"""The worker's side: a span for each task that is run, current while its code runs."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from midspan import context
from midspan.integrations._celery._common import is_to_record, message_of
from midspan.integrations._guarded import guarded
from midspan.integrations._messaging import Processing

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._messaging import MessagingPolicy
    from midspan.integrations._patches import Patches

__all__ = ["RUNNING", "queue_of"]

# The attribute of a task's request that holds what is being processed.
_HELD: Final = "_midspan"
# With what billiard, whose processes the pool is made of, leaves a task when it is told to terminate.
_TERMINATED: Final = signal.SIGTERM - 256


def queue_of(delivery_info: Any) -> str | None:  # noqa: ANN401 - a dict, if the transport has one
    """Return the queue's name, or what stands for it."""
    told = delivery_info or {}
    return told.get("routing_key") or told.get("exchange")


def _prerun(policy: MessagingPolicy, patches: Patches) -> Callable[..., None]:
    @guarded
    def task_prerun(task: Any, task_id: str, **_: object) -> None:  # noqa: ANN401 - a celery.Task
        if not patches.on or not is_to_record(policy, task.app, task.name):
            return
        request = task.request
        message = message_of(task.app, task.name, queue_of(request.delivery_info), task_id)
        if request.is_eager:
            running = Processing(policy, message, context.current())
        else:
            # The headers of a message have become attributes of the request.
            running = policy.process(message, vars(request))
        if request.retries:
            running.span.set_attribute("celery.retries", request.retries)
        vars(request)[_HELD] = running
        running.begin(task)

    return task_prerun


def _failure(_policy: MessagingPolicy, _patches: Patches) -> Callable[..., None]:
    @guarded
    def task_failure(sender: Any, exception: BaseException, **_: object) -> None:  # noqa: ANN401 - a celery.Task
        # Told here, because newer ones take the traceback away before they tell that the task is over.
        running = vars(sender.request).get(_HELD)
        if running is not None:
            running.failed(exception)

    return task_failure


def _postrun(_policy: MessagingPolicy, _patches: Patches) -> Callable[..., None]:
    @guarded
    def task_postrun(task: Any, retval: object = None, state: str | None = None, **_: object) -> None:  # noqa: ANN401 - as above
        running = vars(task.request).pop(_HELD, None)
        if running is None:
            return
        # Without a state, something leaves that Celery does not catch: SystemExit, say.
        leaving = sys.exc_info()[1] if state is None else None
        if isinstance(leaving, SystemExit) and leaving.code == _TERMINATED:
            # The pool knows why, and tells: this process may be killed before it can.
            running.leave()
            return
        if leaving is not None:
            running.failed(leaving)
        elif state == "FAILURE" and isinstance(retval, BaseException):
            running.failed(retval)
        if state is not None:
            running.span.set_attribute("celery.state", state)
        running.answered(task, retval)
        running.end()

    return task_postrun


def _revoked(policy: MessagingPolicy, patches: Patches) -> Callable[..., None]:
    @guarded
    def task_revoked(sender: Any, request: Any, terminated: bool = False, **_: object) -> None:  # noqa: ANN401, FBT001, FBT002 - as the signal has it
        # One that was running is told of by whoever ran it.
        if terminated or not patches.on or not is_to_record(policy, sender.app, sender.name):
            return
        message = message_of(sender.app, sender.name, queue_of(request.delivery_info), request.id)
        running = policy.process(message, vars(request))
        running.span.set_attribute("celery.state", "REVOKED")
        running.end()

    return task_revoked


RUNNING: Final = {
    "task_prerun": _prerun,
    "task_failure": _failure,
    "task_postrun": _postrun,
    "task_revoked": _revoked,
}
