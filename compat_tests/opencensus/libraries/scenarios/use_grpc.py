"""opencensus-ext-grpc: all four kinds of call, a call within a call, new code around both, failures."""

from __future__ import annotations

import contextlib
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from _carry import CarryIn, CarryOut
from google.protobuf.wrappers_pb2 import StringValue
from opencensus.ext.grpc.client_interceptor import OpenCensusClientInterceptor
from opencensus.ext.grpc.server_interceptor import OpenCensusServerInterceptor
from opencensus.trace import execution_context, samplers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _stage import Stage

GIVES = """
(the client's failed call, which never ends)
  Recv.shop.fail [server] error
page
  Sent.shop.unary_unary [client]
    Recv.shop.unary_unary [server]
  new code of the client
    Sent.shop.unary_unary [client]
      Recv.shop.unary_unary [server]
        new code of the server
          Sent.shop.unary_unary [client]
            Recv.shop.unary_unary [server]
  Sent.shop.unary_stream [client]
    Recv.shop.unary_stream [server]
      work
  Sent.shop.stream_unary [client]
    Recv.shop.stream_unary [server]
  Sent.shop.stream_stream [client]
    Recv.shop.stream_stream [server]
"""
_METHODS = {
    **dict.fromkeys(("unary_unary", "unary_stream", "stream_unary", "stream_stream")),
    "fail": "unary_unary",
}


class Shop:
    """The service: text in, text out."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.onward: grpc.Channel

    def unary_unary(self, request: StringValue, context: Any) -> StringValue:
        if request.value == "onward":
            with self._stage.native("new code of the server"):
                return _call(self.onward, "unary_unary")(StringValue(value="last"))
        return StringValue(value=f"<{request.value}>")

    def unary_stream(self, request: StringValue, context: Any) -> Iterator[StringValue]:
        with execution_context.get_opencensus_tracer().span("work"):
            yield request
        yield request

    def stream_unary(self, requests: Iterator[StringValue], context: Any) -> StringValue:
        return StringValue(value="".join(each.value for each in requests))

    def stream_stream(self, requests: Iterator[StringValue], context: Any) -> Iterator[StringValue]:
        yield from requests

    def fail(self, request: StringValue, context: Any) -> StringValue:
        raise KeyError("no such thing")


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    shop = Shop(stage)
    tracer = stage.tracer()

    sent: list[list[Any]] = []

    def tell(header: bytes) -> None:
        sent.append([header[2:18].hex(), header[19:27].hex(), header[28]])
        stage.note("sent", sent[-1])

    # A client may see the answer before the server's span has ended.
    stage.let_ends_race()
    with _serving(stage, shop) as address, grpc.insecure_channel(address) as bare:
        channel = grpc.intercept_channel(bare, OpenCensusClientInterceptor(tracer, "shop:1"), CarryOut(tell))
        shop.onward = grpc.intercept_channel(bare, OpenCensusClientInterceptor(), CarryOut(tell))
        with tracer.span("page"):
            _play_unary(stage, channel)
            _play_streams(stage, channel)
        _play_failure(stage, channel)
        stage.expect_no_end("the client's failed call", sent[-1][1])


def _play_unary(stage: Stage, channel: grpc.Channel) -> None:
    unary = _call(channel, "unary_unary")
    stage.note("unary", unary(StringValue(value="one")).value)
    stage.wait_for(2)
    with stage.native("new code of the client"):
        stage.note("onward", unary(StringValue(value="onward")).value)
        stage.wait_for(7)


def _play_streams(stage: Stage, channel: grpc.Channel) -> None:
    parts = [StringValue(value=each) for each in "ab"]
    stage.note("unary stream", [each.value for each in _call(channel, "unary_stream")(parts[0])])
    stage.wait_for(10)
    stage.note("stream unary", _call(channel, "stream_unary")(iter(parts)).value)
    stage.wait_for(12)
    stage.note("stream stream", [each.value for each in _call(channel, "stream_stream")(iter(parts[:1]))])
    stage.wait_for(14)


def _play_failure(stage: Stage, channel: grpc.Channel) -> None:
    try:
        _call(channel, "fail", "unary_unary")(StringValue(value="x"))
    except grpc.RpcError as error:
        stage.note("failed", str(error.code()))
    stage.wait_for(16)


def _call(channel: grpc.Channel, method: str, kind: str | None = None) -> Any:
    return getattr(channel, kind or method)(
        f"/shop/{method}",
        request_serializer=StringValue.SerializeToString,
        response_deserializer=StringValue.FromString,
    )


@contextlib.contextmanager
def _serving(stage: Stage, shop: Shop) -> Iterator[str]:
    library = OpenCensusServerInterceptor(samplers.AlwaysOnSampler(), stage.exporter)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), interceptors=[CarryIn(), library])
    handlers = {
        name: getattr(grpc, f"{kind or name}_rpc_method_handler")(
            getattr(shop, name),
            request_deserializer=StringValue.FromString,
            response_serializer=StringValue.SerializeToString,
        )
        for name, kind in _METHODS.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=1).wait()
