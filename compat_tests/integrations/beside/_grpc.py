"""Two methods over gRPC, bytes in and bytes out."""

from __future__ import annotations

import contextlib
from concurrent import futures

import grpc


@contextlib.contextmanager
def served(made=lambda server: server, interceptors=()):
    """Serve on a port of loopback, with what a legacy library makes of the server; yield the address."""
    pool = futures.ThreadPoolExecutor(max_workers=2)
    server = made(grpc.server(pool, interceptors=interceptors))
    handlers = {
        "Add": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        "List": grpc.unary_stream_rpc_method_handler(lambda request, context: iter((request, request))),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Cart", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
        pool.shutdown()
