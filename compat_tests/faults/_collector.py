"""A collector for OTLP/HTTP that keeps what it is sent and judges it by opentelemetry-proto.

It may be ill in every way that a backend can be: away, slow, full, mistaken, or of bad will.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Collector", "Reply", "free_port"]


class Reply(NamedTuple):
    """What a collector says to one request; only what it answers with 2xx does it keep."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    # Before the answer begins.
    delay_s: float = 0.0
    # Between each two of its bytes.
    drip_s: float = 0.0

    @property
    def takes(self) -> bool:
        """Whether what was sent is kept."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Collector:
    """Listen on a port of the loopback, a free one if none is given, for the time of a `with` block.

    Each answer has the `status`, or is the `reply` to the number of a request's bytes; with `silent` there
    is none before the block is left.
    """

    def __init__(
        self,
        *,
        status: int = 200,
        silent: bool = False,
        reply: Callable[[int], Reply] | None = None,
        port: int = 0,
    ) -> None:
        self.silent = silent
        self.reply = reply or (lambda _: Reply(status))
        self.left = threading.Event()
        # When the first request came (monotonic seconds), and how many there were.
        self.first_s: float | None = None
        self.requests = 0
        self.largest = 0
        # What was sent that is not what a client sends: cut, mixed up, or no HTTP at all.
        self.corrupt: list[str] = []
        self.span_ids: Counter[bytes] = Counter()
        self.names: Counter[str] = Counter()
        self.spans: list[Any] = []
        # How often each metric came.
        self.metrics: Counter[str] = Counter()
        self._port = port

    @property
    def endpoint(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Collector:
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.collector = self
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.left.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, body: bytes, size: int) -> Reply:
        """Keep a payload, or do not, as the reply to it says."""
        self.requests += 1
        self.largest = max(self.largest, size)
        if self.first_s is None:
            self.first_s = time.monotonic()
        reply = self.reply(size)
        if reply.takes:
            self.take(path, body)
        return reply

    def take(self, path: str, body: bytes) -> None:
        """Decode one payload and keep what it holds."""
        try:
            if path.endswith("/metrics"):
                self._keep_metrics(ExportMetricsServiceRequest.FromString(body))
            else:
                self._keep_spans(ExportTraceServiceRequest.FromString(body))
        except DecodeError as error:
            self.corrupt.append(f"payload of {len(body)} bytes for {path}: {error}")

    def _keep_metrics(self, message: ExportMetricsServiceRequest) -> None:
        for resource_metrics in message.resource_metrics:
            for scope_metrics in resource_metrics.scope_metrics:
                self.metrics.update(metric.name for metric in scope_metrics.metrics)

    def _keep_spans(self, message: ExportTraceServiceRequest) -> None:
        for resource_spans in message.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    self.span_ids[span.span_id] += 1
                    self.names[span.name] += 1
                    self.spans.append(span)

    @property
    def duplicates(self) -> int:
        """How many spans came with an id that another one had."""
        return sum(count - 1 for count in self.span_ids.values())


class _Server(ThreadingHTTPServer):
    collector: Collector
    # Those of a whole fork storm may come at once.
    request_queue_size = 128
    daemon_threads = True
    # So that it can come back where it was before.
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that left before they had their answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body of an answer leave in one piece.
    wbufsize = -1

    def do_POST(self) -> None:
        collector: Collector = self.server.collector  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if collector.silent:
            collector.left.wait()
            return
        size = len(body)
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        reply = collector.answer(self.path, body, size)
        collector.left.wait(reply.delay_s)
        self.send_response(reply.status)
        headers = {"content-type": "application/x-protobuf", "content-length": str(len(reply.body))}
        for name, value in (headers | dict(reply.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        if reply.drip_s:
            self._drip(reply)
        else:
            self.wfile.write(reply.body)

    def _drip(self, reply: Reply) -> None:
        collector: Collector = self.server.collector  # type: ignore[attr-defined]
        with contextlib.suppress(OSError):
            for at in range(len(reply.body)):
                self.wfile.write(reply.body[at : at + 1])
                self.wfile.flush()
                if collector.left.wait(reply.drip_s):
                    return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Keep what is no request: two clients on one connection, say."""
        self.server.collector.corrupt.append(f"HTTP {code} {message}")  # type: ignore[attr-defined]
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Stay quiet."""


def free_port() -> int:
    """Return a port of the loopback on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
