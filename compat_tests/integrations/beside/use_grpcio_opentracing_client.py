"""A client with the interceptor of grpcio-opentracing, of a server that nobody records."""

from __future__ import annotations

import grpc
from _asked import begin, tell
from _grpc import served
from grpc_opentracing import open_tracing_client_interceptor
from grpc_opentracing.grpcext import intercept_channel

from midspan.bridges import opentracing as bridge
from midspan.integrations import grpc as integration
from midspan.trace import SpanKind

begin()
tracer = bridge.install()
with served() as address:
    integration.instrument()
    with grpc.insecure_channel(address) as bare:
        channel = intercept_channel(bare, open_tracing_client_interceptor(tracer))
        add = channel.unary_unary("/shop.Cart/Add")
        for _ in range(2):
            add(b"x")
tell(SpanKind.CLIENT)
