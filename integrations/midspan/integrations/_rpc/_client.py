"""Record the calls that a client makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan import context, trace
from midspan.context import Context
from midspan.integrations._beside import is_exporting
from midspan.integrations._block import is_inside
from midspan.integrations._rpc._record import Record, RpcPolicy, Status, fill_peer
from midspan.integrations._rpc._target import NOWHERE, Peer
from midspan.trace import SpanKind

if TYPE_CHECKING:
    from midspan.integrations._rpc._method import Method

__all__ = ["Call", "ClientPolicy"]

# Under this key the context says that a call is being made already: by the library above this one.
_CALLING: Final = object()
_CANCELLED: Final = Status("CANCELLED", 1)
_UNKNOWN: Final = Status("UNKNOWN", 2)


class ClientPolicy(RpcPolicy):
    """How one integration records the calls that it makes."""

    __slots__ = ()

    side = "client"

    def is_error(self, status: Status) -> bool:
        """Every status but OK is an error to who called."""
        return status.name != "OK"

    def is_to_record(self, method: Method) -> bool:
        """Say whether a call is to be recorded here: no exporter's, nor one that is recorded already."""
        if is_inside(_CALLING) or trace.is_suppressed() or is_exporting():
            return False
        return not self.excludes(method)

    def call(self, method: Method, server: Peer = NOWHERE) -> Call:
        """Start the span of a call; nothing is current yet."""
        return Call(self, method, server)


class Call(Record):
    """One call that a client makes. It may end in another thread, or when nobody waits for it any more."""

    __slots__ = ()

    def __init__(self, policy: ClientPolicy, method: Method, server: Peer) -> None:
        attributes = policy.attributes(method)
        fill_peer(attributes, "server", server)
        here = context.current()
        span = policy.tracer.start_span(method.full, kind=SpanKind.CLIENT, attributes=attributes)
        super().__init__(policy, span, attributes)
        self.context = Context(span, here.baggage, {**here.values, _CALLING: True})

    def failed(self, error: BaseException) -> None:
        """End the span of a call that could not be made: `error` was raised instead."""
        self.end(_UNKNOWN if isinstance(error, Exception) else _CANCELLED, error=error)

    def __del__(self) -> None:
        # The library has dropped what would have told the end: it cancels what is garbage.
        self.end(_CANCELLED)
