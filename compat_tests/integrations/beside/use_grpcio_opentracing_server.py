"""A server with the interceptor of grpcio-opentracing."""

from __future__ import annotations

import grpc
from _asked import begin, tell
from _grpc import served
from grpc_opentracing import open_tracing_server_interceptor
from grpc_opentracing.grpcext import intercept_server

from midspan.bridges import opentracing as bridge
from midspan.integrations import grpc as integration

begin()
tracer = bridge.install()
integration.instrument()
with (
    served(lambda server: intercept_server(server, open_tracing_server_interceptor(tracer))) as address,
    grpc.insecure_channel(address) as channel,
):
    add = channel.unary_unary("/shop.Cart/Add")
    for _ in range(2):
        add(b"x")
tell()
