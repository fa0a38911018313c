"""Record the calls that a server of `grpc.aio` gets."""

from __future__ import annotations

import inspect
from contextlib import aclosing
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from grpc import aio

from midspan import context
from midspan.integrations._grpc._server import wrapped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from midspan.integrations._grpc._serving import Serving
    from midspan.integrations._rpc import Method

__all__ = ["AioServerInterceptor"]


class AioServerInterceptor(aio.ServerInterceptor):
    """Makes a span of each call, current in the service's code."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def intercept_service(
        self,
        continuation: Callable[[Any], Awaitable[Any]],
        handler_call_details: Any,  # noqa: ANN401 - gRPC's own
    ) -> Any:  # noqa: ANN401 - as above
        """Return the handler of a call, around which the span is."""
        try:
            handler = await continuation(handler_call_details)
        except Exception as error:
            self._serving.refused(handler_call_details, error)
            raise
        return self._serving.around(handler, handler_call_details, partial(_wrapped, self._serving))


def _wrapped(serving: Serving, behavior: Any, handler: Any, method: Method, carrier: Any) -> Any:  # noqa: ANN401 - as above
    """Return a function of the same kind as `behavior`: gRPC asks which it is before it calls."""
    if inspect.isasyncgenfunction(behavior):
        return _generating(serving, behavior, method, carrier)
    if inspect.iscoroutinefunction(behavior):
        return _awaiting(serving, behavior, method, carrier)
    serve = wrapped(serving, behavior, handler, method, carrier)

    @wraps(behavior)
    def hearing(request: Any, servicer_context: Any) -> Any:  # noqa: ANN401 - as above
        # Another layer of ours may have done so already, and asks whether the call is the same.
        if serving.patches.on and not isinstance(servicer_context, _Hearing):
            servicer_context = _Hearing(servicer_context)
        return serve(request, servicer_context)

    return hearing


class _Hearing:
    """The context of a call that a plain function serves: gRPC's own does not tell which status was set."""

    def __init__(self, native: Any) -> None:  # noqa: ANN401 - gRPC's own
        self._native = native
        self._code: Any = None
        self._details: Any = None

    def code(self) -> Any:  # noqa: ANN401 - whatever was set, as the other contexts have it
        return self._code

    def details(self) -> Any:  # noqa: ANN401 - as above
        return self._details

    def set_code(self, code: Any) -> None:  # noqa: ANN401 - as above
        self._code = code
        self._native.set_code(code)

    def set_details(self, details: Any) -> None:  # noqa: ANN401 - as above
        self._details = details
        self._native.set_details(details)

    def abort(self, code: Any, details: Any = "", *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        self._code, self._details = code, details
        return self._native.abort(code, details, *arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what gRPC's own has
        return getattr(self._native, name)


def _awaiting(serving: Serving, behavior: Any, method: Method, carrier: Any) -> Any:  # noqa: ANN401 - as above
    @wraps(behavior)
    async def serve(request: Any, servicer_context: Any) -> Any:  # noqa: ANN401 - as above
        exchange = serving.begin(method, servicer_context, carrier)
        if exchange is None:
            return await behavior(request, servicer_context)
        token = context.attach(exchange.context)
        try:
            response = await behavior(request, servicer_context)
            serving.end(exchange, servicer_context)
            return response
        except BaseException as error:
            serving.end(exchange, servicer_context, error)
            raise
        finally:
            context.detach(token)

    return serve


def _generating(serving: Serving, behavior: Any, method: Method, carrier: Any) -> Any:  # noqa: ANN401 - as above
    @wraps(behavior)
    async def serve(request: Any, servicer_context: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - as above
        native = behavior(request, servicer_context)
        exchange = serving.begin(method, servicer_context, carrier)
        if exchange is None:
            async with aclosing(native):
                async for response in native:
                    yield response
            return
        error: BaseException | None = None
        try:
            while True:
                # Not between the steps: there the code of others runs.
                with context.attached(exchange.context):
                    try:
                        response = await native.__anext__()
                    except StopAsyncIteration:
                        break
                yield response
        except BaseException as left:
            error = left
            raise
        finally:
            with context.attached(exchange.context):
                await native.aclose()
                serving.end(exchange, servicer_context, error)

    return serve
