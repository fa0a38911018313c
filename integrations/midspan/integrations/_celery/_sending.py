"""The sender's side: a span around the sending of a task, and its context in the message."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan import context, propagation, trace
from midspan.integrations import _hooks
from midspan.integrations._celery._common import is_to_record, message_of
from midspan.integrations._guarded import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._messaging import MessagingPolicy
    from midspan.integrations._patches import Patches

__all__ = ["SENDING", "sending"]

# Under this key the context holds the message that is being sent: its queue is known only on the way.
_MESSAGE: Final = object()


def sending(policy: MessagingPolicy, patches: Patches) -> Callable[[Any], Any]:
    """Return what goes around `Celery.send_task`, through which every task is sent."""

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def send_task(self: Any, name: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - Celery's own
            if not patches.on or not is_to_record(policy, self, name):
                return native(self, name, *arguments, **named)
            message = message_of(self, name)
            here = context.current().with_value(_MESSAGE, message)
            with context.attached(here), policy.send(message):
                return native(self, name, *arguments, **named)

        return send_task

    return around


def _before_publish(policy: MessagingPolicy, patches: Patches) -> Callable[..., None]:
    @guarded
    def before_task_publish(
        sender: str,
        headers: Any,  # noqa: ANN401 - a dict, as other libraries' receivers leave it
        properties: Any = None,  # noqa: ANN401 - a dict
        exchange: str | None = None,
        routing_key: str | None = None,
        **_: object,
    ) -> None:
        message: Any = context.current().values.get(_MESSAGE)
        # Another task may be sent from within, one that is not to be recorded.
        if not patches.on or message is None or message.subject != sender:
            return
        message.destination = routing_key or exchange
        message.id = (properties or {}).get("correlation_id")
        span = trace.get_current_span()
        span.set_attributes(message.for_spans("send"))
        propagation.inject(headers)
        _hooks.call(policy.settings.send_hook, span, headers)

    return before_task_publish


SENDING: Final = {"before_task_publish": _before_publish}
