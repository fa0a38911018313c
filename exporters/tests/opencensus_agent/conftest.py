"""An agent on loopback: a gRPC server that keeps each stream that it is sent, and ends it as it is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest

from exporters.tests.otlp.conftest import TLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVICES = {
    "/opencensus.proto.agent.trace.v1.TraceService/Export": "spans",
    "/opencensus.proto.agent.metrics.v1.MetricsService/Export": "metrics",
}


class Stream(NamedTuple):
    """What came in one call: the messages, and the metadata before them."""

    signal: str
    messages: list[bytes]
    metadata: dict[str, str | bytes]


class Agent:
    """A server that takes the streams of both services, as the Collector's receiver does: without answers."""

    def __init__(
        self,
        credentials: grpc.ServerCredentials | None = None,
        *,
        max_bytes: int = 4 * 1024 * 1024,
        port: int = 0,
    ) -> None:
        self.streams: list[Stream] = []
        # The status with which a stream ends, and its text.
        self.ends_with: tuple[str, str] = ("OK", "")
        self.metadata: list[tuple[str, bytes]] = []
        # Set, unless a stream is to have no end for now.
        self.may_end = threading.Event()
        self.may_end.set()
        options = [("grpc.max_receive_message_length", max_bytes)]
        self._server = grpc.server(ThreadPoolExecutor(8), options=options)
        self._server.add_generic_rpc_handlers((self._handler(),))
        where = f"127.0.0.1:{port}"
        if credentials is None:
            self.port = self._server.add_insecure_port(where)
        else:
            self.port = self._server.add_secure_port(where, credentials)
        self._server.start()

    def _handler(self) -> grpc.GenericRpcHandler:
        agent = self

        class Handler(grpc.GenericRpcHandler):
            def service(self, handler_call_details: Any) -> Any:
                signal = SERVICES.get(handler_call_details.method)
                if signal is None:
                    return None
                return grpc.stream_stream_rpc_method_handler(
                    lambda messages, context: agent._take(signal, messages, context)
                )

        return Handler()

    def _take(self, signal: str, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        stream = Stream(signal, list(messages), dict(context.invocation_metadata()))
        self.streams.append(stream)
        self.may_end.wait(20)
        code, details = self.ends_with
        if code != "OK":
            context.set_trailing_metadata(self.metadata)
            context.abort(grpc.StatusCode[code], details)
        yield from ()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, and end whatever goes on."""
        self.may_end.set()
        self._server.stop(None).wait(5)


@pytest.fixture
def start_agent() -> Iterator[Callable[..., Agent]]:
    """Return a function that starts an agent."""
    started: list[Agent] = []

    def start(*args: Any, **options: Any) -> Agent:
        started.append(Agent(*args, **options))
        return started[-1]

    yield start
    for agent in started:
        agent.close()


@pytest.fixture
def agent(start_agent: Callable[..., Agent]) -> Agent:
    """Return an agent without TLS."""
    return start_agent()


def server_credentials(*, client_ca: bool = False) -> grpc.ServerCredentials:
    """Return what an agent needs to speak TLS; with `client_ca`, it asks clients who they are."""
    pair = (TLS / "server.key").read_bytes(), (TLS / "server.pem").read_bytes()
    ca = (TLS / "ca.pem").read_bytes() if client_ca else None
    return grpc.ssl_server_credentials([pair], ca, client_ca)
