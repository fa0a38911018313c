"""Begin and end the span of a call that a server gets: what both kinds of servers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import grpc

from midspan import _trouble, trace
from midspan.integrations._grpc._legacy import serves_with
from midspan.integrations._grpc._metadata import carrier_of
from midspan.integrations._grpc._status import (
    CANCELLED,
    DEADLINE_EXCEEDED,
    OK,
    UNIMPLEMENTED,
    UNKNOWN,
    details_of,
    status_of,
)
from midspan.integrations._rpc import OTHER, Method, read_method, read_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._patches import Patches
    from midspan.integrations._rpc import Exchange, ServerPolicy, Status

__all__ = ["Serving", "kind_of", "with_behavior"]

_KINDS: Final = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}


class Serving(NamedTuple):
    """How the calls of one server are recorded."""

    policy: ServerPolicy
    patches: Patches

    def around(self, handler: Any, details: Any, wrap: Callable[..., Any]) -> Any:  # noqa: ANN401 - gRPC's own
        """Return a handler that records, or the given one if the call is not to be recorded.

        `wrap(behavior, handler, method, metadata)` returns what serves in the place of `behavior`.
        """
        if handler is None:
            self.refused(details)
            return None
        try:
            method = read_method(details.method)
            if not self._wants(method):
                return handler
            behavior = getattr(handler, kind_of(handler))
            # What calls back for each message, on a thread of its own, is an experiment of gRPC's.
            if getattr(behavior, "experimental_non_blocking", False) or serves_with(behavior):
                return handler
            return with_behavior(
                handler, wrap(behavior, handler, method, carrier_of(details.invocation_metadata))
            )
        except Exception as error:  # noqa: BLE001 - a handler may be an object of the application's own
            _trouble.report("integration.grpc", "a call was not recorded", error=error)
            return handler

    def refused(self, details: Any, error: BaseException | None = None) -> None:  # noqa: ANN401 - as above
        """Record a call that nobody serves: there is no such method, or an interceptor has raised `error`.

        What it is called is the client's to make up.
        """
        try:
            method = read_method(details.method)
            if not self._wants(method):
                return
            carrier = carrier_of(details.invocation_metadata)
            exchange = self.policy.begin(OTHER, details, carrier, read_target(""))
            exchange.span.set_attribute("rpc.method_original", method.full)
            exchange.end(UNIMPLEMENTED if error is None else UNKNOWN, error=error)
        except Exception as trouble:  # noqa: BLE001 - as above
            _trouble.report("integration.grpc", "a call was not recorded", error=trouble)

    def _wants(self, method: Method) -> bool:
        return self.patches.on and not trace.is_suppressed() and not self.policy.excludes(method)

    def begin(self, method: Method, servicer_context: Any, carrier: Any) -> Exchange | None:  # noqa: ANN401 - gRPC's own
        """Start the span of a call; None if it is not to be recorded here."""
        try:
            if not self.patches.on or not self.policy.is_to_record(servicer_context):
                return None
            peer = read_target(servicer_context.peer())
            exchange = self.policy.begin(method, servicer_context, carrier, peer)
            exchange.hook(servicer_context)
        except Exception as error:  # noqa: BLE001 - the context may be a stand-in of the application's own
            _trouble.report("integration.grpc", "a call was not recorded", error=error)
            return None
        return exchange

    def end(self, exchange: Exchange, servicer_context: Any, error: BaseException | None = None) -> None:  # noqa: ANN401 - as above
        """End the span of a call, which was served, given up, or left by `error`. In the call's context."""
        status, description = UNKNOWN, None
        try:
            code = _asked(servicer_context, "code")
            status = _status(servicer_context, code, error)
            description = details_of(_asked(servicer_context, "details"))
            if _is_abort(error, code):
                error = None
        except Exception as trouble:  # noqa: BLE001 - as above
            _trouble.report("integration.grpc", "the end of a call is not known", error=trouble)
        exchange.ended(status, servicer_context, description, error)


def kind_of(handler: Any) -> str:  # noqa: ANN401 - as above
    """Return which of a handler's four functions serves."""
    return _KINDS[bool(handler.request_streaming), bool(handler.response_streaming)]


def with_behavior(handler: Any, behavior: Any) -> Any:  # noqa: ANN401 - as above
    """Return a handler like the given one, that serves with another function."""
    make = getattr(grpc, f"{kind_of(handler)}_rpc_method_handler")
    return make(behavior, handler.request_deserializer, handler.response_serializer)


def _status(servicer_context: Any, code: object, error: BaseException | None) -> Status:  # noqa: ANN401 - as above
    """Return what the client is told.

    As gRPC does: what the service has set counts; without that, an exception is UNKNOWN.
    """
    is_over = _asked(servicer_context, "is_active") is False
    # gRPC raises such a thing where a stream of requests has ended too early.
    is_told = error is not None and (not isinstance(error, Exception) or isinstance(error, grpc.RpcError))
    if (is_over and error is None) or (is_told and (is_over or not isinstance(error, Exception))):
        # The client waits no longer.
        return DEADLINE_EXCEEDED if _asked(servicer_context, "time_remaining") == 0 else CANCELLED
    if code is None or code == 0:
        return OK if error is None else UNKNOWN
    return status_of(code)


def _asked(servicer_context: Any, question: str) -> Any:  # noqa: ANN401 - as above
    """Ask a context; None where it does not have the question: it is one of several kinds."""
    ask = getattr(servicer_context, question, None)
    return None if ask is None else ask()


def _is_abort(error: BaseException | None, code: object) -> bool:
    """Say whether an exception is what `abort` raises to leave the service: the status tells all."""
    if type(error) is grpc.aio.AbortError:
        return True
    # A service may raise such a bare one itself, but then there is no code.
    return type(error) is Exception and not error.args and bool(code)
