"""Carry `grpc-trace-bin` over gRPC under another name, and back: a grpcio for Python 3.11 keeps it to itself.

The client's library sends the header and the server's library reads it; what lies between withholds it from
every application in Python. These interceptors stand between the library and grpcio, on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = "grpc-trace-bin"
_CARRIED = "x-trace-bin"


class CarryOut(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Send the header under another name, and tell what it was."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self._tell = tell

    def _carry(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        sent = dict(details.metadata)
        self._tell(sent[HEADER])
        return continuation(details._replace(metadata=((_CARRIED, sent[HEADER]),)), request)

    intercept_unary_unary = intercept_unary_stream = _carry
    intercept_stream_unary = intercept_stream_stream = _carry


class CarryIn(grpc.ServerInterceptor):
    """Show the header to what is inside under its own name."""

    def intercept_service(self, continuation: Callable[..., Any], details: Any) -> grpc.RpcMethodHandler:
        """Wrap the handler of any kind of call."""
        handler = continuation(details)
        kind = "_".join(
            "stream" if each else "unary" for each in (handler.request_streaming, handler.response_streaming)
        )
        behavior = getattr(handler, kind)
        return getattr(grpc, f"{kind}_rpc_method_handler")(
            lambda request, context: behavior(request, _Context(context)),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


class _Context:
    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def invocation_metadata(self) -> list[tuple[str, Any]]:
        return [
            (HEADER if key == _CARRIED else key, value) for key, value in self._context.invocation_metadata()
        ]
