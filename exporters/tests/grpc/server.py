"""A gRPC server on loopback that keeps the bytes that it is sent, and answers as a test wants it to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from exporters.tests.otlp.conftest import TLS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Called", "Server", "fails", "server_credentials"]


class Called(NamedTuple):
    """One call."""

    method: str
    metadata: dict[str, str | bytes]
    body: bytes


class Server(grpc.GenericRpcHandler):
    """Take any method, until closed; `answer` is told of the call and of gRPC's context, and may abort it."""

    def __init__(
        self,
        address: str = "127.0.0.1:0",
        *,
        credentials: grpc.ServerCredentials | None = None,
        options: tuple[tuple[str, Any], ...] = (),
        compression: grpc.Compression | None = None,
    ) -> None:
        self.called: list[Called] = []
        self.answer: Callable[[Called, grpc.ServicerContext], bytes] = lambda *_: b""
        self.left = threading.Event()
        self._server = grpc.server(
            ThreadPoolExecutor(8),
            (self,),
            options=(("grpc.so_reuseport", 0), *options),
            compression=compression,
        )
        if credentials is None:
            port = self._server.add_insecure_port(address)
        else:
            port = self._server.add_secure_port(address, credentials)
        self.address = address if address.startswith("unix") else f"127.0.0.1:{port}"
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Answer a call of any method with the bytes that `answer` gives."""
        metadata = dict(details.invocation_metadata)

        def serve(body: bytes, context: grpc.ServicerContext) -> bytes:
            called = Called(details.method, metadata, body)
            self.called.append(called)
            return self.answer(called, context)

        return grpc.unary_unary_rpc_method_handler(serve)

    def hang(self, *_: object) -> bytes:
        """Answer nothing before the server is closed."""
        self.left.wait(30)
        return b""

    def close(self) -> None:
        """Stop listening, and let every call go."""
        self.left.set()
        self._server.stop(None).wait()


def fails(
    code: grpc.StatusCode, message: str = "", details: bytes = b""
) -> Callable[[Called, grpc.ServicerContext], bytes]:
    """Return an answer that ends each call with a status."""

    def answer(_: Called, context: grpc.ServicerContext) -> bytes:
        if details:
            context.set_trailing_metadata([("grpc-status-details-bin", details)])
        context.abort(code, message)
        return b""

    return answer


def server_credentials(name: str = "server", *, client_ca: bool = False) -> grpc.ServerCredentials:
    """Return what a server needs to speak TLS; with `client_ca`, it asks clients who they are."""
    pair = ((TLS / f"{name}.key").read_bytes(), (TLS / f"{name}.pem").read_bytes())
    ca = (TLS / "ca.pem").read_bytes() if client_ca else None
    return grpc.ssl_server_credentials((pair,), ca, require_client_auth=client_ca)
