"""The same collector over gRPC: grpcio's own server, whose limit of a message's size is the real one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

from compat_tests.faults._collector import Collector

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["GRPCCollector", "Status", "retry_info"]

_LIMIT_BYTES = 4 * 1024 * 1024


class Status(NamedTuple):
    """What a collector says to one call; only what it answers with OK does it keep."""

    code: str = "OK"
    # The google.rpc.Status of `grpc-status-details-bin`.
    details: bytes = b""
    body: bytes = b""
    # Before the answer.
    delay_s: float = 0.0

    @property
    def takes(self) -> bool:
        """Whether what was sent is kept."""
        return self.code == "OK"


class GRPCCollector(Collector):
    """Listen for calls of any method, for the time of a `with` block."""

    def __init__(
        self,
        *,
        silent: bool = False,
        reply: Callable[[int], Status] | None = None,
        port: int = 0,
        limit_bytes: int = _LIMIT_BYTES,
    ) -> None:
        super().__init__(silent=silent, port=port)
        self.reply: Any = reply or (lambda _: Status())
        self._limit_bytes = limit_bytes

    def __enter__(self) -> GRPCCollector:
        self._grpc = grpc.server(
            ThreadPoolExecutor(16),
            (_Handlers(self),),
            options=(("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", self._limit_bytes)),
        )
        self._port = self._grpc.add_insecure_port(f"127.0.0.1:{self._port}")
        self._grpc.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.left.set()
        self._grpc.stop(None).wait()

    def serve(self, method: str, body: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer one call."""
        if self.silent:
            self.left.wait()
            return b""
        is_metrics = "MetricsService" in method
        status: Any = self.answer("/v1/metrics" if is_metrics else "/v1/traces", body, len(body))
        self.left.wait(status.delay_s)
        if status.details:
            context.set_trailing_metadata([("grpc-status-details-bin", status.details)])
        if status.code != "OK":
            context.abort(grpc.StatusCode[status.code], "as it was told to")
        return bytes(status.body)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, collector: GRPCCollector) -> None:
        self._collector = collector

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def serve(body: bytes, context: grpc.ServicerContext) -> bytes:
            return self._collector.serve(details.method, body, context)

        return grpc.unary_unary_rpc_method_handler(serve)


def retry_info(seconds: int) -> bytes:
    """Return a google.rpc.Status with a RetryInfo of so many seconds, as protobuf writes it."""
    from google.protobuf.any_pb2 import Any as Packed
    from google.protobuf.duration_pb2 import Duration

    delay = Duration(seconds=seconds).SerializeToString()
    info = Packed(
        type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\x0a" + bytes([len(delay)]) + delay
    ).SerializeToString()
    return b"\x08\x0e\x1a" + bytes([len(info)]) + info
