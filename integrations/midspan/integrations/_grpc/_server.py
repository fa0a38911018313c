"""Record the calls that a server of `grpc` gets."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import grpc

from midspan import context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.integrations._grpc._serving import Serving
    from midspan.integrations._rpc import Exchange, Method

__all__ = ["ServerInterceptor", "wrapped"]


class ServerInterceptor(grpc.ServerInterceptor):
    """Makes a span of each call, current in the service's code."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:  # noqa: ANN401 - gRPC's own
        """Return the handler of a call, around which the span is."""
        try:
            handler = continuation(handler_call_details)
        except Exception as error:
            self._serving.refused(handler_call_details, error)
            raise
        return self._serving.around(handler, handler_call_details, partial(wrapped, self._serving))


def wrapped(serving: Serving, behavior: Any, handler: Any, method: Method, carrier: Any) -> Any:  # noqa: ANN401 - as above
    """Return a function that serves as `behavior` does, under a span."""
    is_stream = handler.response_streaming

    # gRPC reads marks that functions bear: the pool to run in, for one.
    @wraps(behavior)
    def serve(request: Any, servicer_context: Any) -> Any:  # noqa: ANN401 - as above
        exchange = serving.begin(method, servicer_context, carrier)
        if exchange is None:
            return behavior(request, servicer_context)
        token = context.attach(exchange.context)
        try:
            response = behavior(request, servicer_context)
            if is_stream:
                return _Responses(response, exchange, serving, servicer_context)
            serving.end(exchange, servicer_context)
            return response
        except BaseException as error:
            serving.end(exchange, servicer_context, error)
            raise
        finally:
            context.detach(token)

    return serve


class _Responses:
    """The responses of a stream: its span ends with the last one, or when gRPC wants no more."""

    __slots__ = ("_exchange", "_is_over", "_native", "_servicer_context", "_serving")

    def __init__(
        self,
        native: Iterator[Any],
        exchange: Exchange,
        serving: Serving,
        servicer_context: Any,  # noqa: ANN401 - gRPC's own
    ) -> None:
        self._native = native
        self._exchange = exchange
        self._serving = serving
        self._servicer_context = servicer_context
        self._is_over = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:  # noqa: ANN401 - a response
        with context.attached(self._exchange.context):
            try:
                return next(self._native)
            except StopIteration:
                self._end(None)
                raise
            except BaseException as error:
                self._end(error)
                raise

    def _end(self, error: BaseException | None) -> None:
        self._is_over = True
        self._serving.end(self._exchange, self._servicer_context, error)

    def __del__(self) -> None:
        if self._is_over:
            return
        with context.attached(self._exchange.context):
            # What a generator does at its end belongs to the call.
            close = getattr(self._native, "close", None)
            try:
                if close is not None:
                    close()
            finally:
                self._end(None)
