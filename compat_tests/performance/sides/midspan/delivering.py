"""Spans on their whole way, from start to the collector's acknowledgement, by midspan."""

from __future__ import annotations

from typing import Any

from compat_tests.performance._collector import Collector
from compat_tests.performance._orders import user_ids
from compat_tests.performance._timed import Timed
from midspan import sdk, trace
from midspan.exporters.otlp import OTLPExporter


def deliver_http() -> Timed:
    """OTLP/HTTP as it is by default: not compressed."""
    collector = Collector("http")
    return _delivered(collector, OTLPExporter(f"http://{collector.address}"))


def deliver_http_gzip() -> Timed:
    """OTLP/HTTP, compressed."""
    collector = Collector("http")
    return _delivered(collector, OTLPExporter(f"http://{collector.address}", compression="gzip"))


def deliver_grpc() -> Timed:
    """OTLP/gRPC."""
    collector = Collector("grpc")
    return _delivered(collector, OTLPExporter(f"http://{collector.address}", protocol="grpc"))


def _delivered(collector: Collector, exporter: Any) -> Timed:
    pipeline = sdk.configure(service_name="shop", exporters=[exporter])
    tracer = trace.get_tracer("shop.checkout", "1.2.0")
    users: list[str] = []

    def prepare(iterations: int) -> None:
        users[:] = user_ids(iterations)

    def run(_iterations: int) -> None:
        for number, user in enumerate(users):
            with tracer.start_as_current_span(
                "charge",
                attributes={
                    "http.method": "POST",
                    "http.route": "/cart",
                    "cart.items": number,
                    "user.id": user,
                    "user.known": True,
                },
            ):
                pass

    def settle() -> None:
        if not pipeline.force_flush(timeout_s=60):
            raise AssertionError("not all was acknowledged")

    return Timed(run, collector.count, collector.latest, settle, prepare)
