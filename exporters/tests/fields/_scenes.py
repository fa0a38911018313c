"""Do what a row's code says, in the interface that its table is about, and return what the pipeline exports.

The clock stands still while the code runs, and ids are always the same, so that rows can be compared.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

import opentracing
from opencensus.trace import link, samplers, time_event
from opencensus.trace.span import SpanKind as OCKind
from opencensus.trace.span_context import SpanContext as OCContext
from opencensus.trace.status import Status as OCStatus
from opencensus.trace.tracer import Tracer as OCTracer

from midspan import sdk, testing, trace
from midspan.bridges import opencensus as oc_bridge
from midspan.bridges import opentracing as ot_bridge
from midspan.resource import Resource
from midspan.trace import Link, SpanContext, SpanKind, StatusCode, TraceState

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CALLER", "RESOURCE", "SCHEMA", "SPAN_SCENES", "START_NS", "FixedIds"]

START_NS = 1_700_000_000_000_001_000
TOOK_NS = 2_500_000
# OpenCensus's times are naive, and mean UTC.
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - as said
SCHEMA = "https://example.org/scope"
RESOURCE = Resource(
    {"service.name": "shop", "service.instance.id": "i-1", "host.cores": 4}, "https://example.org/resource"
)
# The span of another process that has called this one.
CALLER = SpanContext(
    0x0102030405060708_1112131415161718,
    0x3132333435363738,
    1,
    TraceState((("vendor", "v1"),)),
    is_remote=True,
)


class FixedIds:
    """The same trace for every root, and spans that count up."""

    is_random = False

    def __init__(self) -> None:
        self._spans = iter(range(0x2122232425262728, 0x2122232425262800))

    def trace_id(self) -> int:
        return 0x0A0B0C0D0E0F0001_0203040506070809

    def span_id(self) -> int:
        return next(self._spans)


def _told(act: Callable[[testing.FakeClock], object]) -> trace.Span:
    """Return the only span that was exported when `act` was done."""
    memory, clock = testing.MemoryExporter(), testing.FakeClock(START_NS)
    pipeline = sdk.configure(
        exporters=[memory],
        clock=clock,
        ids=FixedIds(),
        resource=RESOURCE,
        detectors=[],
        sampler="always_on",
        self_metrics=False,
        environment={},
    )
    try:
        act(clock)
        pipeline.force_flush(5)
    finally:
        sdk.reset()
    (span,) = memory.spans
    return span


def native(code: str) -> trace.Span:
    """Run code that starts a span by `start(...)`, or is given a started `span`."""

    def act(clock: testing.FakeClock) -> None:
        tracer = trace.get_tracer("shop.checkout", "1.2.0", SCHEMA, {"team": "cart"})
        names = {"caller": CALLER, "Link": Link, "SpanKind": SpanKind}
        names |= {"StatusCode": StatusCode, "SpanContext": SpanContext}
        span = _run(code, names, functools.partial(tracer.start_span, "charge"))
        clock.advance(ns=TOOK_NS)
        span.end()

    return _told(act)


def opentracing_(code: str) -> trace.Span:
    """Run the same for OpenTracing's interface over the bridge."""

    def act(clock: testing.FakeClock) -> None:
        tracer = ot_bridge.Tracer(propagators="tracecontext")
        headers = {"traceparent": f"00-{CALLER.trace_id:032x}-{CALLER.span_id:016x}-01"}
        caller = tracer.extract(opentracing.Format.HTTP_HEADERS, headers)
        names = {"caller": caller, "opentracing": opentracing}
        span = _run(code, names, functools.partial(tracer.start_span, "charge"))
        clock.advance(ns=TOOK_NS)
        span.finish()

    return _told(act)


def opencensus(code: str) -> trace.Span:
    """Run code that is given a `span` of OpenCensus's, over the bridge; it is started in any case."""

    def act(_: testing.FakeClock) -> None:
        oc_bridge.install()
        try:
            caller = OCContext(f"{CALLER.trace_id:032x}", f"{CALLER.span_id:016x}")
            tracer = OCTracer(caller, samplers.AlwaysOnSampler())
            names = {"link": link, "time_event": time_event, "SpanKind": OCKind, "Status": OCStatus}
            names["now"] = EPOCH + dt.timedelta(microseconds=START_NS // 1_000)
            # Exceptions are what some rows are about.
            with contextlib.suppress(KeyError), tracer.span("charge") as span:
                _run(code, names, lambda: span)
        finally:
            oc_bridge.uninstall()

    return _told(act)


def _run(code: str, names: dict[str, Any], begin: Callable[..., Any]) -> Any:
    """Run a row's code, which starts the span itself, or is given it; return the span."""
    started = []

    def start(**options: Any) -> Any:
        started.append(begin(**options))
        return started[0]

    given = {} if "start(" in code else {"span": start()}
    exec(compile(code, "docs/fields.md", "exec"), {**names, **given, "start": start})
    return started[0]


# By the headings of the tables.
SPAN_SCENES: dict[str, Callable[[str], trace.Span]] = {
    "Native spans": native,
    "OpenTracing": opentracing_,
    "OpenCensus traces": opencensus,
}
