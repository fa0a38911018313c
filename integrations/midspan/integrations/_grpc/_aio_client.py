"""Record the calls of a channel of `grpc.aio`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from grpc import aio

from midspan import _trouble, context
from midspan.integrations._grpc._callables import Kind
from midspan.integrations._grpc._status import UNKNOWN, details_of, status_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from midspan.integrations._grpc._begin import Calling
    from midspan.integrations._rpc import Call

__all__ = ["AIO", "aio_interceptors"]


class _Interceptor:
    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    async def _intercept(
        self,
        continuation: Callable[[Any, Any], Awaitable[Any]],
        details: Any,  # noqa: ANN401 - gRPC's own
        request: Any,  # noqa: ANN401 - a message, or what gives several
    ) -> Any:  # noqa: ANN401 - a call of gRPC's
        begun = self._calling.begin(details, _metadata)
        if begun is None:
            return await continuation(details, request)
        call, details = begun
        token = context.attach(call.context)
        try:
            outcome = await continuation(details, request)
        except BaseException as error:
            call.failed(error)
            raise
        finally:
            context.detach(token)
        _follow(call, details, outcome)
        return outcome


class _UnaryUnary(_Interceptor, aio.UnaryUnaryClientInterceptor):
    intercept_unary_unary: Any = _Interceptor._intercept


class _UnaryStream(_Interceptor, aio.UnaryStreamClientInterceptor):
    intercept_unary_stream: Any = _Interceptor._intercept


class _StreamUnary(_Interceptor, aio.StreamUnaryClientInterceptor):
    intercept_stream_unary: Any = _Interceptor._intercept


class _StreamStream(_Interceptor, aio.StreamStreamClientInterceptor):
    intercept_stream_stream: Any = _Interceptor._intercept


def aio_interceptors(calling: Calling) -> dict[str, Any]:
    """Return an interceptor for each shape of a call: gRPC takes one object for one shape only."""
    return {
        "unary_unary": _UnaryUnary(calling),
        "unary_stream": _UnaryStream(calling),
        "stream_unary": _StreamUnary(calling),
        "stream_stream": _StreamStream(calling),
    }


def _metadata(pairs: list[Any]) -> aio.Metadata:
    return aio.Metadata(*pairs)


def _follow(call: Call, details: Any, outcome: Any) -> None:  # noqa: ANN401 - gRPC's own
    """End the span when the call has ended.

    What waits for the end must not keep the outcome alive: gRPC cancels a call that is garbage. So it holds
    the call of the library below, where there is one, and not the outcome.
    """
    try:
        below = getattr(outcome, "_cython_call", None)
        if below is None:
            outcome.add_done_callback(partial(_tell, call, details))
        else:
            below.add_done_callback(partial(_tell_status, call, details, below))
    except Exception as error:  # noqa: BLE001 - what an interceptor below has returned may be anything
        _trouble.report("integration.grpc", "the end of a call is not known", error=error)


def _tell_status(call: Call, details: Any, below: Any) -> None:  # noqa: ANN401 - as above
    _tell(call, details, _now(below.status()))


def _tell(call: Call, details: Any, outcome: Any) -> None:  # noqa: ANN401 - a call, or the status of one
    try:
        call.ended(status_of(_now(outcome.code())), details, details_of(_now(outcome.details())))
    except Exception as error:  # noqa: BLE001 - this runs in the event loop, where nobody would catch it
        _trouble.report("integration.grpc", "the end of a call is not known", error=error)
        call.end(UNKNOWN)


def _now(coroutine: Any) -> Any:  # noqa: ANN401 - a value, or what returns one
    """Return what a coroutine returns that has nothing to wait for: the call is over. A value is itself."""
    if not hasattr(coroutine, "send"):
        return coroutine
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    return None


def _raised(call: Call, _details: Any, error: BaseException) -> None:  # noqa: ANN401 - as above
    call.failed(error)


# Nothing is answered at once, and no legacy library knows `grpc.aio`.
AIO: Final = Kind(aio.ClientCallDetails, _metadata, lambda: False, _follow, _follow, _raised)
