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
  /shop.Cart/List client | opentracing
    /shop.Cart/List server | opentracing
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
        channel = intercept_channel(bare, made[0])
        channel.unary_unary("/shop.Cart/Add")(b"x")
        list(channel.unary_stream("/shop.Cart/List")(b"x"))
