"""A client with the interceptor of opencensus-ext-grpc, of a server that nobody records."""

from __future__ import annotations

import grpc
from _asked import begin, tell
from _grpc import served
from google.protobuf.wrappers_pb2 import StringValue
from opencensus.ext.grpc.client_interceptor import OpenCensusClientInterceptor
from opencensus.trace import samplers
from opencensus.trace.tracer import Tracer

from midspan.bridges import opencensus as bridge
from midspan.integrations import grpc as integration
from midspan.trace import SpanKind

begin()
bridge.install()
tracer = Tracer(sampler=samplers.AlwaysOnSampler())
with served() as address:
    integration.instrument()
    with grpc.insecure_channel(address) as bare:
        channel = grpc.intercept_channel(bare, OpenCensusClientInterceptor(tracer, address))
        # It measures messages, so it wants real ones.
        add = channel.unary_unary("/shop.Cart/Add", StringValue.SerializeToString, StringValue.FromString)
        for _ in range(2):
            add(StringValue(value="x"))
tell(SpanKind.CLIENT)
