"""A service of bytes over gRPC, in all four shapes, for `grpc` and for `grpc.aio`."""

from __future__ import annotations

import contextlib
import threading
from concurrent import futures

import grpc

from midspan import trace

NAME = "shop.Cart"
SHAPES = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")


class Service:
    """What is asked for is in the request; what was current while it was served is kept."""

    def __init__(self):
        self.current = []
        self.metadata = []
        self.left = threading.Event()

    def unary_unary(self, request, context):
        self._note(context)
        return _act(request, context)

    def unary_stream(self, request, context):
        self._note(context)
        try:
            for number in range(3):
                self.current.append(trace.get_current_span().context)
                yield b"%d" % number
                _act(request, context)
            while request == b"endless":
                yield b"more"
        finally:
            self.left.set()

    def stream_unary(self, requests, context):
        self._note(context)
        return b"".join(requests)

    def stream_stream(self, requests, context):
        self._note(context)
        yield from requests

    def _note(self, context):
        self.current.append(trace.get_current_span().context)
        self.metadata.append(dict(context.invocation_metadata()))


class AioService(Service):
    """The same, with coroutines and asynchronous generators."""

    async def unary_unary(self, request, context):
        self._note(context)
        if request.startswith(b"abort"):
            await context.abort(_code(request), "sold out")
        return _act(request, context)

    async def unary_stream(self, request, context):
        self._note(context)
        try:
            for number in range(3):
                self.current.append(trace.get_current_span().context)
                yield b"%d" % number
                _act(request, context)
            while request == b"endless":
                yield b"more"
        finally:
            self.left.set()

    async def stream_unary(self, requests, context):
        self._note(context)
        return b"".join([each async for each in requests])

    async def stream_stream(self, requests, context):
        self._note(context)
        async for each in requests:
            yield each


class WritingService(AioService):
    """The other way of `grpc.aio` to answer a stream: by `context.write`."""

    async def unary_stream(self, request, context):
        self._note(context)
        for number in range(3):
            await context.write(b"%d" % number)


def handlers(service):
    """Return the generic handlers of a service."""
    methods = {
        shape: getattr(grpc, f"{shape}_rpc_method_handler")(getattr(service, shape)) for shape in SHAPES
    }
    return (grpc.method_handlers_generic_handler(NAME, methods),)


def served(service, interceptors=(), workers=4):
    """Serve a service with `grpc`; see `serving`."""
    return serving(handlers(service), interceptors, workers)


@contextlib.contextmanager
def serving(generic, interceptors=(), workers=4):
    """Serve handlers with `grpc` on a port of loopback; yield the address."""
    pool = futures.ThreadPoolExecutor(max_workers=workers)
    server = grpc.server(pool, interceptors=interceptors)
    server.add_generic_rpc_handlers(generic)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        # Its threads have ended then, and so have its spans.
        server.stop(None).wait()
        pool.shutdown()


@contextlib.asynccontextmanager
async def aio_served(service, interceptors=()):
    """Serve with `grpc.aio` on a port of loopback; yield the address."""
    server = grpc.aio.server(interceptors=interceptors)
    server.add_generic_rpc_handlers(handlers(service))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


def call(channel, shape):
    """Return the callable of a method of the service."""
    return getattr(channel, shape)(f"/{NAME}/{shape}")


def _code(request):
    return getattr(grpc.StatusCode, request.decode().partition(" ")[2])


def _act(request, context):
    if request == b"raise":
        message = "no such thing, password=hunter2"
        raise KeyError(message)
    if request == b"bare":
        raise Exception  # noqa: TRY002 - as gRPC's own `abort` does
    if request.startswith(b"abort"):
        context.abort(_code(request), "sold out, token=hunter2")
    if request.startswith(b"set"):
        context.set_code(_code(request))
    return b"<" + request + b">"
