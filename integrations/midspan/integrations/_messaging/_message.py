"""What is known of a message: some of it before it is sent, the rest when it is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Message"]


class Message:
    """A message, as spans and metrics describe it.

    `subject` is what spans are named by where that says more than the destination (a task's name), and
    `dimensions` are attributes of the field's own that metrics have as well: of few different values each.
    """

    __slots__ = ("destination", "dimensions", "id", "subject", "system")

    def __init__(
        self,
        system: str,
        destination: str | None = None,
        *,
        subject: str | None = None,
        id: str | None = None,  # noqa: A002 - as the attribute is called
        dimensions: Mapping[str, Any] | None = None,
    ) -> None:
        self.system = system
        self.destination = destination
        self.subject = subject
        self.id = id
        self.dimensions = dimensions or {}

    def name(self, operation: str) -> str:
        """Return the name of the span of an operation with this message."""
        what = self.subject or self.destination
        return f"{operation} {what}" if what else operation

    def for_metrics(self, operation: str) -> dict[str, Any]:
        """Return what all messages of this kind have in common."""
        attributes: dict[str, Any] = {
            "messaging.system": self.system,
            "messaging.operation.name": operation,
            **self.dimensions,
        }
        if self.destination:
            attributes["messaging.destination.name"] = self.destination
        return attributes

    def for_spans(self, operation: str) -> dict[str, Any]:
        """Return what is known of this one message."""
        attributes = self.for_metrics(operation)
        attributes["messaging.operation.type"] = operation
        if self.id:
            attributes["messaging.message.id"] = self.id
        return attributes
