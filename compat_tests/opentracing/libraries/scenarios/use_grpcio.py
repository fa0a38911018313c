"""grpcio-opentracing: all four kinds of call, a call within a call, failures by exception and by status."""

from __future__ import annotations

import contextlib
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from grpc_opentracing import (
    ActiveSpanSource,
    open_tracing_client_interceptor,
    open_tracing_server_interceptor,
)
from grpc_opentracing.grpcext import intercept_channel, intercept_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _stage import Stage

GIVES = """
page
  /shop/unary_unary [client]
    /shop/unary_unary [server]
  /shop/unary_unary [client]
    /shop/unary_unary [server]
      /shop/unary_unary [client]
        /shop/unary_unary [server]
  /shop/unary_unary [client]
    /shop/unary_unary [server]
  /shop/unary_stream [client]
    /shop/unary_stream [server]
  /shop/stream_unary [client]
    /shop/stream_unary [server]
  /shop/stream_stream [client]
    /shop/stream_stream [server]
/shop/fail [client] error
  /shop/fail [server] error
/shop/refuse [client] error
  /shop/refuse [server] error
"""


class Page(ActiveSpanSource):
    """Name the span that calls belong to."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def get_active_span(self) -> Any:
        return self._stage.tracer.active_span


class Shop:
    """The service: bytes in, bytes out."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.channel: grpc.Channel

    def unary_unary(self, request: bytes, context: Any) -> bytes:
        self._stage.note("baggage", context.get_active_span().get_baggage_item("tenant"))
        if request == b"onward":
            # The context that the library hands to the service names the span for its own calls.
            return _unary(
                intercept_channel(self.channel, open_tracing_client_interceptor(self._stage.tracer, context))
            )(b"last")
        return b"<" + request + b">"

    def unary_stream(self, request: bytes, context: Any) -> Iterator[bytes]:
        yield from (request, request)

    def stream_unary(self, requests: Iterator[bytes], context: Any) -> bytes:
        return b"".join(requests)

    def stream_stream(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        yield from requests

    def fail(self, request: bytes, context: Any) -> bytes:
        raise KeyError("no such thing")

    def refuse(self, request: bytes, context: Any) -> bytes:
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("sold out")
        return b""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    shop = Shop(stage)
    interceptor = open_tracing_client_interceptor(stage.tracer, Page(stage), log_payloads=True)
    # A client may see the answer before the server's span has ended.
    stage.let_ends_race()
    stage.hide("peer.port")
    with _serving(stage, shop) as address, grpc.insecure_channel(address) as bare:
        shop.channel = bare
        channel = intercept_channel(bare, interceptor)
        with stage.tracer.start_active_span("page") as scope:
            scope.span.set_baggage_item("tenant", "acme")
            stage.note("unary", _unary(channel)(b"one").decode())
            stage.note("onward", _unary(channel)(b"onward").decode())
            stage.note("future", _unary(channel).future(b"two").result().decode())
            stage.note(
                "unary stream", [part.decode() for part in channel.unary_stream("/shop/unary_stream")(b"a")]
            )
            stage.note(
                "stream unary", channel.stream_unary("/shop/stream_unary")(iter([b"a", b"b"])).decode()
            )
            # One part: which of two requests and two answers is logged first would be the threads' to say.
            both = channel.stream_stream("/shop/stream_stream")(iter([b"a"]))
            stage.note("stream stream", [part.decode() for part in both])
        for method in ("fail", "refuse"):
            try:
                channel.unary_unary(f"/shop/{method}")(b"x")
            except grpc.RpcError as error:
                stage.note(method, str(error.code()))
        stage.wait_for(19)


def _unary(channel: grpc.Channel) -> Any:
    return channel.unary_unary("/shop/unary_unary")


@contextlib.contextmanager
def _serving(stage: Stage, shop: Shop) -> Iterator[str]:
    server = intercept_server(
        grpc.server(futures.ThreadPoolExecutor(max_workers=4)),
        open_tracing_server_interceptor(stage.tracer, log_payloads=True),
    )
    handlers = {
        "unary_unary": grpc.unary_unary_rpc_method_handler(shop.unary_unary),
        "unary_stream": grpc.unary_stream_rpc_method_handler(shop.unary_stream),
        "stream_unary": grpc.stream_unary_rpc_method_handler(shop.stream_unary),
        "stream_stream": grpc.stream_stream_rpc_method_handler(shop.stream_stream),
        "fail": grpc.unary_unary_rpc_method_handler(shop.fail),
        "refuse": grpc.unary_unary_rpc_method_handler(shop.refuse),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=1)
