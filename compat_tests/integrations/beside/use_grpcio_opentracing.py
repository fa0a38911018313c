"""grpcio-opentracing, on both sides."""

from __future__ import annotations

import grpc
from _grpc import served

BRIDGE = "opentracing"
INTEGRATIONS = ("grpc",)
GIVES = """
page | new code
  /shop.Cart/Add client | opentracing
    /shop.Cart/Add server | opentracing
  /shop.Cart/Add client | opentracing
    /shop.Cart/Add server | opentracing
"""
made = []


def set_up():
    """Set the legacy library up."""
    import opentracing
    from grpc_opentracing import open_tracing_client_interceptor, open_tracing_server_interceptor

    tracer = opentracing.global_tracer()
    made.extend([open_tracing_client_interceptor(tracer), open_tracing_server_interceptor(tracer)])


def ask():
    """Ask for something twice."""
    from grpc_opentracing.grpcext import intercept_channel, intercept_server

    with (
        served(lambda server: intercept_server(server, made[1])) as address,
        grpc.insecure_channel(address) as bare,
    ):
        add = intercept_channel(bare, made[0]).unary_unary("/shop.Cart/Add")
        for _ in range(2):
            add(b"x")
