"""What every integration of a messaging system or a task queue shares: names, context, links, metrics."""

from __future__ import annotations

from midspan.integrations._messaging._message import Message
from midspan.integrations._messaging._policy import MessagingPolicy, Processing, Sending
from midspan.integrations._messaging._settings import (
    MessagingOptions,
    MessagingSettings,
    messaging_settings,
)

__all__ = [
    "Message",
    "MessagingOptions",
    "MessagingPolicy",
    "MessagingSettings",
    "Processing",
    "Sending",
    "messaging_settings",
]
