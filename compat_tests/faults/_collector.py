"""A collector for OTLP/HTTP that keeps what it is sent and judges it by opentelemetry-proto."""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Collector"]


class Collector:
    """Listen on a free port of the loopback for the time of a `with` block.

    Each answer has the `status`; with `silent` there is none before the block is left.
    """

    def __init__(self, *, status: int = 200, silent: bool = False) -> None:
        self.status = status
        self.silent = silent
        self.left = threading.Event()
        # What was sent that is not what a client sends: cut, mixed up, or no HTTP at all.
        self.corrupt: list[str] = []
        self.span_ids: Counter[bytes] = Counter()
        self.names: Counter[str] = Counter()
        self.spans: list[Any] = []
        # How often each metric came.
        self.metrics: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.collector = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def endpoint(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Collector:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.left.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

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
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if collector.status == HTTPStatus.OK:
            collector.take(self.path, body)
        self.send_response(collector.status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Keep what is no request: two clients on one connection, say."""
        self.server.collector.corrupt.append(f"HTTP {code} {message}")  # type: ignore[attr-defined]
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Stay quiet."""
