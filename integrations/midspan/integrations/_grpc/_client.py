"""Record the calls of a channel of `grpc`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import grpc
from grpc import _interceptor

from midspan import _trouble, context
from midspan.integrations._grpc._callables import Kind
from midspan.integrations._grpc._legacy import calls_here
from midspan.integrations._grpc._status import OK, UNKNOWN, details_of, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._grpc._begin import Calling
    from midspan.integrations._rpc import Call

__all__ = ["BLOCKING", "ClientInterceptor"]


class ClientInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Makes a span of each call, blocking or not, whichever side of it streams."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    def _intercept(self, continuation: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:  # noqa: ANN401 - gRPC's own
        begun = None if calls_here() else self._calling.begin(details, tuple)
        if begun is None:
            return continuation(details, request)
        call, details = begun
        token = context.attach(call.context)
        try:
            outcome = continuation(details, request)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            context.detach(token)
        _follow(call, details, outcome)
        return outcome

    intercept_unary_unary: Any = _intercept
    intercept_unary_stream: Any = _intercept
    intercept_stream_unary: Any = _intercept
    intercept_stream_stream: Any = _intercept


def _follow(call: Call, details: Any, outcome: Any) -> None:  # noqa: ANN401 - gRPC's own
    """End the span when the call has ended, now or later."""
    try:
        _end_with(call, details, outcome)
    except Exception as error:  # noqa: BLE001 - what an interceptor below has returned may be anything
        _trouble.report("integration.grpc", "the end of a call is not known", error=error)
        call.end(UNKNOWN)


def _end_with(call: Call, details: Any, outcome: Any) -> None:  # noqa: ANN401 - as above
    # What waits for the end must not keep the outcome alive: gRPC cancels a stream that is garbage. So it
    # holds the state below, and not the outcome.
    if outcome.done():
        _tell(call, details, outcome)
        return
    state = getattr(outcome, "_state", None)
    if state is None:
        outcome.add_done_callback(partial(_tell, call, details))
        return

    def ended() -> None:
        call.ended(status_of(state.code), details, details_of(state.details))

    if not outcome.add_callback(ended):
        ended()


def _tell(call: Call, details: Any, outcome: Any) -> None:  # noqa: ANN401 - as above
    status = status_of(outcome.code())
    raised = None if status is OK else outcome.exception()
    # What is no RpcError was raised in the place of a call: the channel is closed, for one.
    if isinstance(raised, grpc.RpcError):
        raised = None
    call.ended(status, details, details_of(outcome.details()), raised)


def _answered(call: Call, details: Any, _answer: object) -> None:  # noqa: ANN401 - as above
    call.ended(OK, details)


def _raised(call: Call, details: Any, error: BaseException) -> None:  # noqa: ANN401 - as above
    if isinstance(error, grpc.RpcError):
        # It is the call, too, or all that there ever was of one.
        _follow(call, details, error)
    else:
        call.failed(error)


BLOCKING: Final = Kind(_interceptor._ClientCallDetails, list, calls_here, _follow, _answered, _raised)
