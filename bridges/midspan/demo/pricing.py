"""The price service: new code, on midspan's own interface and the standard library."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from http.server import BaseHTTPRequestHandler
from typing import Any

from midspan import baggage, context, metrics, propagation, trace

__all__ = ["Handler"]

tracer = trace.get_tracer("shop.pricing", "1.0.0")
meter = metrics.get_meter("shop.pricing", "1.0.0")
quotes = meter.create_counter("quotes", unit="{quote}", description="Prices given")
duration = meter.create_histogram(
    "quote.duration", unit="ms", description="From question to price", boundaries=(5, 10, 20, 50, 100, 200)
)


class Handler(BaseHTTPRequestHandler):
    """Answer `GET /quote`."""

    def do_GET(self) -> None:
        """Continue the caller's trace, find the price, and have it booked."""
        with (
            context.attached(propagation.extract(self.headers)),
            tracer.start_as_current_span("GET /quote", kind=trace.SpanKind.SERVER) as span,
        ):
            began_s = time.perf_counter()
            cents = discounted(list_price())
            booking = call(f"{os.environ['LEDGER_URL']}/bookings/{cents}")
            span.set_attribute("http.response.status_code", 200)
            tier = baggage.get_baggage("customer.tier") or "none"
            quotes.add(1, {"customer.tier": tier})
            duration.record((time.perf_counter() - began_s) * 1000, {"customer.tier": tier})
            self.answer({"cents": cents, **booking})

    def answer(self, body: dict[str, Any]) -> None:
        """Send JSON."""
        encoded = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: the trace says it."""


@tracer.start_as_current_span("list price", attributes={"db.system.name": "sqlite"})
def list_price() -> int:
    """Look the price up, in cents."""
    time.sleep(0.006)
    return 1299


def discounted(cents: int) -> int:
    """Take a tenth off for whom the storefront called a gold customer."""
    with tracer.start_as_current_span("discount") as span:
        tier = baggage.get_baggage("customer.tier")
        span.set_attribute("customer.tier", tier or "none")
        time.sleep(0.002)
        return cents * 9 // 10 if tier == "gold" else cents


def call(url: str) -> dict[str, Any]:
    """Ask another service, and take the trace along."""
    with tracer.start_as_current_span("GET /bookings", kind=trace.SpanKind.CLIENT):
        request = urllib.request.Request(url)  # noqa: S310 - our own service on loopback
        propagation.inject(request.headers)
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - as above
            answer: dict[str, Any] = json.load(response)
            return answer
