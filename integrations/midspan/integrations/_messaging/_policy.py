"""Record what is sent and processed: the policy that task queues and messaging systems share.

Source: OpenTelemetry's semantic conventions for messaging, 1.37. They are not stable yet; names of attributes
and metrics may follow them when they change.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

from midspan import context, metrics, trace
from midspan.integrations import _hooks
from midspan.integrations._block import Block
from midspan.integrations._inbound import arrived
from midspan.trace import SpanKind, StatusCode
from midspan.trace._exceptions import type_name

if TYPE_CHECKING:
    from midspan.context import Context
    from midspan.integrations._inbound import Inbound
    from midspan.integrations._messaging._message import Message
    from midspan.integrations._messaging._settings import MessagingSettings

__all__ = ["MessagingPolicy", "Processing", "Sending"]

_NS_PER_S: Final = 1e9
# In seconds, as the semantic conventions advise.
_BOUNDARIES: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)


class MessagingPolicy:
    """How one integration records messages."""

    __slots__ = ("processed", "sent", "settings", "tracer")

    def __init__(self, scope: str, settings: MessagingSettings) -> None:
        """Take the name of the instrumentation scope, and what the application has set."""
        self.settings = settings
        self.tracer = trace.get_tracer(scope)
        meter = metrics.get_meter(scope)
        self.sent = meter.create_histogram(
            "messaging.client.operation.duration",
            unit="s",
            description="How long it takes to hand a message to the broker.",
            boundaries=_BOUNDARIES,
        )
        self.processed = meter.create_histogram(
            "messaging.process.duration",
            unit="s",
            description="How long it takes to process a message.",
            boundaries=_BOUNDARIES,
        )

    def is_to_record(self, name: str) -> bool:
        """Say whether messages of this name are to be recorded here and now."""
        return not trace.is_suppressed() and not self.settings.excludes(name)

    def send(self, message: Message) -> Sending:
        """Return the block in which a message is handed to the broker."""
        return Sending(self, message)

    def process(self, message: Message, *carriers: Any, start_ns: int | None = None) -> Processing:  # noqa: ANN401 - headers
        """Return the block in which messages are processed: one, or a batch of them.

        Each carrier holds the headers of one message. One message's trace is continued, unless `inbound` says
        otherwise; a batch is linked to those of all its messages. `start_ns`: since the epoch, if it began
        before now.
        """
        inbound = self.settings.inbound
        if len(carriers) == 1:
            inside, links = arrived(inbound, carriers[0])
            return Processing(self, message, inside, links, start_ns=start_ns)
        # No trace is the one to continue. Baggage of several senders does not mix.
        to_link: Inbound = "link" if inbound == "continue" else inbound
        found = [link for carrier in carriers for link in arrived(to_link, carrier)[1] or ()]
        return Processing(self, message, context.EMPTY, found, len(carriers), start_ns)


class Sending(Block):
    """One message as a block, in which the integration injects its context and sends it."""

    __slots__ = ("_message", "_policy")

    key = object()

    def __init__(self, policy: MessagingPolicy, message: Message) -> None:
        self._policy = policy
        self._message = message
        super().__init__(
            policy.tracer.start_span(
                message.name("send"), kind=SpanKind.PRODUCER, attributes=message.for_spans("send")
            )
        )

    def _measure(self, duration_ns: int) -> None:
        attributes = self._message.for_metrics("send")
        if self.error is not None:
            attributes["error.type"] = self.error
        self._policy.sent.record(duration_ns / _NS_PER_S, attributes)


class Processing:
    """Messages being processed: between `begin` and `end`, the span is current.

    Not a `with` block: libraries tell of the two by signals and callbacks.
    """

    __slots__ = ("_began_ns", "_error", "_inside", "_message", "_policy", "_token", "span")

    def __init__(  # noqa: PLR0913 - what a span begins with
        self,
        policy: MessagingPolicy,
        message: Message,
        inside: Context,
        links: list[trace.Link] | None = None,
        count: int = 1,
        start_ns: int | None = None,
    ) -> None:
        self._policy = policy
        self._message = message
        self._error: str | None = None
        self._token: context.Token | None = None
        attributes = message.for_spans("process")
        if count != 1:
            attributes["messaging.batch.message_count"] = count
        self.span = policy.tracer.start_span(
            message.name("process"),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            links=links,
            parent=inside,
            start_ns=start_ns,
        )
        self._inside = inside
        self._began_ns = perf_counter_ns()

    def begin(self, message: object) -> None:
        """Make the span current, and call the application's hook with the library's own message."""
        self._token = context.attach(self._inside.with_span(self.span))
        _hooks.call(self._policy.settings.request_hook, self.span, message)

    def failed(self, error: BaseException) -> None:
        """Learn that processing raised `error`; the first one that is told counts."""
        if self._error is not None:
            return
        self._error = type_name(error)
        self.span.set_attribute("error.type", self._error)
        self.span.fail(error)
        # Such an end is no failure of what was done, but it is one of the message.
        if not isinstance(error, Exception):
            self.span.set_status(StatusCode.ERROR, self._error)

    def answered(self, message: object, result: object) -> None:
        """Call the application's hook with the library's own message, and what came of it."""
        _hooks.call(self._policy.settings.response_hook, self.span, message, result)

    def end(self, duration_ns: int | None = None) -> None:
        """End the span and measure; what was current before is current again."""
        if duration_ns is None:
            duration_ns = perf_counter_ns() - self._began_ns
        attributes = self._message.for_metrics("process")
        if self._error is not None:
            attributes["error.type"] = self._error
        self._policy.processed.record(duration_ns / _NS_PER_S, attributes)
        self.leave()
        self.span.end()

    def leave(self) -> None:
        """Make current what was so before; the span is not ended by that."""
        if self._token is not None:
            context.detach(self._token)
            self._token = None
