"""Record the calls that a server gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import context, trace
from midspan.integrations._inbound import arrived
from midspan.integrations._rpc._record import Record, RpcPolicy, Status, fill_peer
from midspan.trace import SpanKind

if TYPE_CHECKING:
    from midspan.integrations._rpc._method import Method
    from midspan.integrations._rpc._target import Peer

__all__ = ["Exchange", "ServerPolicy"]

# Under this key the context says which call is being served here.
_SERVING: Final = object()
# The others tell a client of its own mistake, or of its own wish.
_ERRORS: Final = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)


class ServerPolicy(RpcPolicy):
    """How one integration records the calls that it serves."""

    __slots__ = ()

    side = "server"

    def is_error(self, status: Status) -> bool:
        """Say whether the server is at fault."""
        return status.name in _ERRORS

    def is_to_record(self, call: object) -> bool:
        """Say whether a call, the library's own object, is to be recorded here, and is not already."""
        return context.current().values.get(_SERVING) is not call and not trace.is_suppressed()

    def begin(self, method: Method, call: object, carrier: Any, client: Peer) -> Exchange:  # noqa: ANN401 - metadata
        """Start the span of a call, under the caller's if `carrier` names one; nothing is current yet."""
        return Exchange(self, method, call, carrier, client)


class Exchange(Record):
    """One call that a server gets. Code that serves it runs in `context`."""

    __slots__ = ()

    def __init__(
        self,
        policy: ServerPolicy,
        method: Method,
        call: object,
        carrier: Any,  # noqa: ANN401 - metadata
        client: Peer,
    ) -> None:
        parent, links = arrived(policy.settings.inbound, carrier)
        # A client's address and port are no attributes of a metric.
        measured = policy.attributes(method)
        attributes = dict(measured)
        fill_peer(attributes, "client", client)
        span = policy.tracer.start_span(
            method.full, kind=SpanKind.SERVER, attributes=attributes, links=links, parent=parent
        )
        super().__init__(policy, span, measured)
        self.context = parent.with_value(_SERVING, call).with_span(span)
