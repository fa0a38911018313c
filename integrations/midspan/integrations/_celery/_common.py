"""What both sides of a Celery task have in common: how it is described, and who else records it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._beside import stands_back
from midspan.integrations._messaging import Message

if TYPE_CHECKING:
    from midspan.integrations._messaging import MessagingPolicy

__all__ = ["is_to_record", "message_of"]

# What the conventions call the systems behind Celery's transports; others keep the transport's name.
_SYSTEMS: Final = {
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "azureservicebus": "servicebus",
    "confluentkafka": "kafka",
    "gcpubsub": "gcp_pubsub",
    "librabbitmq": "rabbitmq",
    "pyamqp": "rabbitmq",
    "rediss": "redis",
    "sentinel": "redis",
    "sqs": "aws_sqs",
}
_LEGACY: Final = ("celery_opentracing", "opentracing_instrumentation")


def message_of(app: Any, task: str, destination: str | None = None, id: str | None = None) -> Message:  # noqa: A002, ANN401 - a celery.Celery
    """Return what is known of the message of a task."""
    return Message(_system(app), destination, subject=task, id=id, dimensions={"celery.task_name": task})


def is_to_record(policy: MessagingPolicy, app: Any, task: str) -> bool:  # noqa: ANN401 - as above
    """Say whether a task's spans are to be made here, and by this integration."""
    return policy.is_to_record(task) and not stands_back("celery", _legacy(app))


def _system(app: Any) -> str:  # noqa: ANN401 - as above
    url = app.conf.broker_write_url or "amqp://"
    first = url[0] if isinstance(url, (list, tuple)) else url
    scheme = str(first).partition(":")[0].partition("+")[0]
    return _SYSTEMS.get(scheme, scheme)


def _legacy(app: Any) -> str | None:  # noqa: ANN401 - as above
    """Return the module of a legacy library that makes spans of this application's tasks."""
    from celery.app.task import Task  # noqa: PLC0415 - only who instruments it must have it

    for module in (Task.apply_async.__module__, *(kind.__module__ for kind in type(app).__mro__)):
        if module.startswith(_LEGACY):
            return str(module)
    return None
