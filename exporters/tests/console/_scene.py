"""Traces to draw: records made by hand, so that every figure in a picture is known."""

from __future__ import annotations

from typing import Any

from midspan.exporters.jsonl import SpanRecord
from midspan.resource import Resource
from midspan.trace import Event, InstrumentationScope, Link, SpanContext, SpanKind, Status, StatusCode

__all__ = ["BEGIN_NS", "MS", "checkout", "record"]

BEGIN_NS = 1_700_000_000_123_000_000
MS = 1_000_000
OPENTRACING = "midspan.bridges.opentracing"
OPENCENSUS = "midspan.bridges.opencensus"


def record(
    name: str, span_id: int, parent: int | None, begin_ms: float, end_ms: float, **more: Any
) -> SpanRecord:
    """Return a span of trace 0xabc, its times in milliseconds from the trace's begin."""
    fields: dict[str, Any] = {
        "kind": SpanKind.INTERNAL,
        "attributes": {},
        "events": [],
        "links": [],
        "status": Status(),
        "resource": Resource({"service.name": more.pop("service", "shop")}),
        "scope": InstrumentationScope(more.pop("scope", "shop.checkout")),
    }
    trace_id = more.pop("trace_id", 0xABC)
    remote = more.pop("remote", False)
    return SpanRecord(
        name=name,
        context=SpanContext(trace_id, span_id, 1),
        parent=None if parent is None else SpanContext(trace_id, parent, 1, is_remote=remote),
        start_ns=BEGIN_NS + round(begin_ms * MS),
        end_ns=BEGIN_NS + round(end_ms * MS),
        **{**fields, **more},
    )


def checkout() -> list[SpanRecord]:
    """Return a trace through three services of two ages, in the order in which its spans ended."""
    declined = {
        "exception.type": "PaymentError",
        "exception.message": "card declined",
        "exception.stacktrace": "Traceback ...",
    }
    server, client = SpanKind.SERVER, SpanKind.CLIENT
    return [
        record(
            *("POST", 6, 5, 60, 150),
            service="billing",
            scope=OPENTRACING,
            kind=client,
            status=Status(StatusCode.ERROR, "card declined"),
            events=[Event("exception", BEGIN_NS + 149 * MS, declined)],
        ),
        record("authorize", 5, 4, 50, 155, service="billing", scope=OPENTRACING, kind=server, remote=True),
        record(
            *("load cart", 3, 2, 22, 40),
            service="checkout",
            events=[Event("cache.miss", BEGIN_NS + 25 * MS, {"key": "cart:31"})],
        ),
        record("POST", 4, 2, 44, 160, service="checkout", kind=client),
        record("publish", 7, 2, 162, 163, service="checkout", links=[Link(SpanContext(0xDEF, 9))]),
        record("POST /charge", 2, 1, 20, 170, service="checkout", kind=server, remote=True),
        record("GET /checkout", 1, None, 0, 200, service="storefront", scope=OPENCENSUS, kind=server),
    ]
