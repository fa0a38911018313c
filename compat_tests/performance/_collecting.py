"""A collector that reads, acknowledges and counts.

Run as a script, with the protocol as its argument, it says its port; then for each line that comes in, how
many `spans` it has been sent, or the `latest` payload. It ends when its standard input does.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Taken:
    """What has come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans = 0
        self._latest = b""

    def take(self, payload: bytes) -> None:
        """Count the spans of an ExportTraceServiceRequest: field 1, therein 2, therein 2."""
        spans = sum(
            1
            for of_resource in _inside(payload, 1)
            for of_scope in _inside(of_resource, 2)
            for _ in _inside(of_scope, 2)
        )
        with self._lock:
            self._spans += spans
            self._latest = payload

    def told(self, what: str) -> str:
        """Tell it in JSON."""
        with self._lock:
            return json.dumps(self._spans if what == "spans" else self._latest.hex())


def _inside(message: bytes, wanted: int) -> Iterator[bytes]:
    """Yield each delimited field of a message that has the number; on these levels all are delimited."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        size, at = _varint(message, at)
        if tag == wanted << 3 | 2:
            yield message[at : at + size]
        at += size
    if at != len(message):
        raise ValueError("a payload that breaks off")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while message[at] & 0x80:
        number |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return number | message[at] << shift, at + 1


def _serve_http(taken: Taken) -> tuple[int, Any]:
    """Listen for OTLP/HTTP; return the port and the server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer leaves in one piece.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                taken.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], server


def _serve_grpc(taken: Taken) -> tuple[int, Any]:
    """Listen for OTLP/gRPC; return the port and the server."""
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    def export(payload: bytes, _context: Any) -> bytes:
        taken.take(payload)
        return b""

    service = "opentelemetry.proto.collector.trace.v1.TraceService"
    # Without serializers: bytes come in and go out.
    methods = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    return port, server


def _serve(protocol: str) -> None:
    taken = Taken()
    # A server of gRPC's ends when nobody has it any more.
    port, _server = {"http": _serve_http, "grpc": _serve_grpc}[protocol](taken)
    print(port, flush=True)
    for line in sys.stdin:
        print(taken.told(line.strip()), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
