"""Record the tasks that a Celery application sends, and those that its workers run.

A message carries the trace from whoever sends it: into the task, into what the task sends, into retries and
into the parts of chains, groups and chords. Arguments and results of tasks are never recorded.

Commands with which Celery itself asks a broker on Redis are left unrecorded by the integration of redis.

Where Celery runs a task in place (`task_always_eager`, `apply()`), nothing is sent: there is the span of the
task alone, below the current one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.integrations._celery import RUNNING, SENDING, quiet, sending, watch_pool
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library
from midspan.integrations._messaging import MessagingPolicy, messaging_settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from midspan.integrations._messaging import MessagingOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("celery", "celery", oldest="5.2")

_integration: Final = Integration("celery", LIBRARY)
_UID: Final = "midspan"
# Which signals are listened to: each by a function that takes the policy and the patches, and returns what
# the signal calls.
_LISTENERS: Final = {**SENDING, **RUNNING, "worker_init": watch_pool}


def instrument(**options: Unpack[MessagingOptions]) -> None:
    """Record the tasks of every application of this process, made or yet to be made.

    Hooks are called with Celery's own objects: `send_hook(span, headers)` with the headers of the message,
    `request_hook(span, task)` and `response_hook(span, task, result)` with the bound task.

    Raises:
        ConfigurationError: Celery is missing or too old, or an option is not valid.
    """
    policy = MessagingPolicy("midspan.integrations.celery", messaging_settings("celery", options))

    def put(patches: Patches) -> None:
        from celery import signals  # noqa: PLC0415 - only who instruments it must have it
        from celery.app.base import Celery  # noqa: PLC0415 - as above

        quiet(patches)
        patches.around(Celery, "send_task", sending(policy, patches))
        _disconnect()
        for name, made in _LISTENERS.items():
            getattr(signals, name).connect(made(policy, patches), weak=False, dispatch_uid=_UID)

    # With which every application begins; who only asks for a schedule, say, is spared it.
    _integration.turn_on_when_imported({"celery.app.base": put})


def uninstrument() -> None:
    """Take back what `instrument` did; a task that is running keeps its span."""
    if _integration.is_on:
        _disconnect()
    _integration.turn_off()


def _disconnect() -> None:
    from celery import signals  # noqa: PLC0415 - as above

    for name in _LISTENERS:
        getattr(signals, name).disconnect(dispatch_uid=_UID)
