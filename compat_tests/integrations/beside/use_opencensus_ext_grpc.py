"""opencensus-ext-grpc, on both sides; and its client's, where OpenCensus has no tracer."""

from __future__ import annotations

import grpc
from _grpc import served
from _oc import traced
from google.protobuf.wrappers_pb2 import StringValue

BRIDGE = "opencensus"
INTEGRATIONS = ("grpc",)
GIVES = """
page | new code
  shop.Cart/Add client | grpc
    Recv.shop.Cart.Add server | opencensus
  oc page | opencensus
    Sent.shop.Cart.Add client | opencensus
      Recv.shop.Cart.Add server | opencensus
    Sent.shop.Cart.List client | opencensus
      Recv.shop.Cart.List server | opencensus
"""
made = []


def set_up():
    """Set the legacy library up."""
    from opencensus.ext.grpc.client_interceptor import OpenCensusClientInterceptor
    from opencensus.ext.grpc.server_interceptor import OpenCensusServerInterceptor
    from opencensus.trace import samplers

    made.append(OpenCensusClientInterceptor())
    made.append(OpenCensusServerInterceptor(samplers.AlwaysOnSampler()))


def ask():
    """Ask for something twice."""
    with served(interceptors=[made[1]]) as address, grpc.insecure_channel(address) as bare:
        channel = grpc.intercept_channel(bare, made[0])
        # It measures messages, so it wants real ones.
        add = channel.unary_unary("/shop.Cart/Add", StringValue.SerializeToString, StringValue.FromString)
        add(StringValue(value="x"))
        everything = channel.unary_stream(
            "/shop.Cart/List", StringValue.SerializeToString, StringValue.FromString
        )
        with traced():
            add(StringValue(value="x"))
            list(everything(StringValue(value="x")))
