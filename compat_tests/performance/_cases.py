"""The table of rows: what is done, by whom, and what the ratio must be.

A timed row named `X` of the topic `T` is a function `X` in `sides/<side>/T.py` for midspan and for each peer
named here; see `_timed.py` for what it returns. A new topic is a new file beside the others. `X_peak`
and `X_grown` are the memory of a fresh process that does what `X` does: the most, and the most beyond what it
held before. The rows of a server need no function either: `X_added` is what a request costs a server that is
instrumented, less what it costs the plain one; `X_whole` is all of the former. Nor do those of a start:
`start_X` is what instrumenting adds to a program, one of `_started.PROGRAMS`, that starts and ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# Both sides read these variables of the specification, so one setting gives both the same pipeline: room for
# all spans of a round (nothing is dropped), batches of 512 handed to the exporter by a thread of its own.
PIPELINE = {
    "OTEL_BSP_MAX_QUEUE_SIZE": "65536",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "512",
    "OTEL_BSP_SCHEDULE_DELAY": "5000",
}
# The same room, and else the defaults of each side.
ROOMY = {"OTEL_BSP_MAX_QUEUE_SIZE": "65536"}
# The same room, and nobody has to wait long for the rest of a round.
SERVING = ROOMY | {"OTEL_BSP_SCHEDULE_DELAY": "1000"}
# The same queue, but nothing leaves it: what it holds can be weighed.
FILLING = PIPELINE | {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "65536", "OTEL_BSP_SCHEDULE_DELAY": "3600000"}


@dataclass(frozen=True)
class Case:
    """One row: `peers` maps each side it is compared with to the least ratio wanted; None is no target."""

    name: str
    title: str
    topic: str
    peers: Mapping[str, float | None]
    kind: Literal["timed", "held", "peak", "import", "served", "start"] = "timed"
    iterations: int = 5_000
    makes: int = 1  # what one iteration must leave: spans, headers, measurements, points
    peer_makes: int = 1  # what a request leaves that a peer records, in rows of servers
    environment: Mapping[str, str] = field(default_factory=lambda: PIPELINE)
    unit: str = "us"
    # The least ratio wanted of the calling thread alone.
    caller: float | None = None


CASES = (
    Case(
        "span_current",
        "span as current",
        "tracing",
        {"opentelemetry": 8, "opencensus": None, "ddtrace": None},
    ),
    Case(
        "span_filled",
        "span as current: 4 attributes, a set, an event",
        "tracing",
        {"opentelemetry": 8, "opencensus": None},
    ),
    Case(
        "span_unsampled",
        "span as current, not sampled",
        "tracing",
        {"opentelemetry": 8, "opencensus": None},
        iterations=20_000,
        makes=0,
    ),
    Case(
        "span_unsampled_read",
        "not sampled, but its ids are read",
        "tracing",
        {"opentelemetry": None},
        iterations=20_000,
        makes=0,
    ),
    Case(
        "span_nested",
        "three spans, one in the other",
        "tracing",
        {"opentelemetry": None, "opencensus": None, "ddtrace": None},
        iterations=3_000,
        makes=3,
    ),
    Case(
        "opentracing_tag",
        "OpenTracing: active span with a tag",
        "opentracing",
        {"opentelemetry": 8, "jaeger": 3, "ddtrace_opentracer": None},
    ),
    Case(
        "opencensus_span",
        "OpenCensus: span as current",
        "opencensus",
        {"opentelemetry": 5, "opencensus": 4},
    ),
    Case(
        "opencensus_record",
        "OpenCensus: record stats, 20 tag sets",
        "stats",
        {"opencensus": 10},
        iterations=1_000,
    ),
    Case(
        "opencensus_record_one",
        "OpenCensus: record stats, 1 tag set",
        "stats",
        {"opencensus": 1},
        iterations=5_000,
    ),
    Case("w3c_inject", "W3C inject, baggage as received", "propagation", {"opentelemetry": 5}, makes=3),
    Case(
        "w3c_inject_own",
        "W3C inject, a baggage member added",
        "propagation",
        {"opentelemetry": None},
        makes=3,
    ),
    Case("w3c_extract", "W3C extract", "propagation", {"opentelemetry": 5}, makes=2),
    Case(
        "w3c_extract_request",
        "W3C extract, among twelve headers",
        "propagation",
        {"opentelemetry": None},
        makes=2,
    ),
    Case(
        "encode_mixed",
        "OTLP: encode 512 mixed spans",
        "encoding",
        {"opentelemetry": 8},
        iterations=6,
        makes=512,
    ),
    Case(
        "encode_metrics",
        "OTLP: encode 200 metrics, 2,000 points",
        "encoding",
        {"opentelemetry": 8},
        iterations=6,
        makes=2_000,
    ),
    Case(
        "encode_zipkin",
        "Zipkin, JSON: encode 512 mixed spans",
        "encoding",
        {"opentelemetry": None},
        iterations=6,
        makes=512,
    ),
    Case(
        "counter_add",
        "counter.add with two attributes",
        "metering",
        {"opentelemetry": 8, "prometheus": 2},
        iterations=20_000,
    ),
    Case(
        "histogram_record",
        "histogram.record with two attributes",
        "metering",
        {"opentelemetry": 8, "prometheus": None},
        iterations=20_000,
    ),
    Case("counter_bound", "bound counter", "metering", {"prometheus": 1.5}, iterations=50_000),
    Case(
        "collect_series",
        "collect 10,000 series",
        "metering",
        {"opentelemetry": 3},
        iterations=4,
        makes=10_000,
    ),
    Case(
        "collect_histograms",
        "collect 10,000 histograms",
        "metering",
        {"opentelemetry": None},
        iterations=2,
        makes=10_000,
    ),
    Case(
        "deliver_http",
        "OTLP/HTTP: span with 5 attributes, from start to acknowledged",
        "delivering",
        {"opentelemetry": 7},
        iterations=20_000,
        environment=ROOMY,
        caller=8,
    ),
    Case(
        "deliver_http_gzip",
        "the same, compressed (gzip)",
        "delivering",
        {"opentelemetry": 7},
        iterations=20_000,
        environment=ROOMY,
        caller=8,
    ),
    Case(
        "deliver_grpc",
        "OTLP/gRPC: span with 5 attributes, from start to acknowledged",
        "delivering",
        {"opentelemetry": 7},
        iterations=20_000,
        environment=ROOMY,
        caller=8,
    ),
    Case(
        "deliver_http_peak",
        "OTLP/HTTP: peak memory of the process that sends 20,000",
        "delivering",
        {"opentelemetry": 2},
        kind="peak",
        iterations=20_000,
        environment=ROOMY,
        unit="MB",
    ),
    Case(
        "deliver_http_grown",
        "OTLP/HTTP: the same, less what it held before",
        "delivering",
        {"opentelemetry": 2},
        kind="peak",
        iterations=20_000,
        environment=ROOMY,
        unit="MB",
    ),
    Case(
        "deliver_grpc_peak",
        "OTLP/gRPC: peak memory of the process that sends 20,000",
        "delivering",
        {"opentelemetry": 2},
        kind="peak",
        iterations=20_000,
        environment=ROOMY,
        unit="MB",
    ),
    Case(
        "deliver_grpc_grown",
        "OTLP/gRPC: the same, less what it held before",
        "delivering",
        {"opentelemetry": 2},
        kind="peak",
        iterations=20_000,
        environment=ROOMY,
        unit="MB",
    ),
    Case(
        "queued_span",
        "bytes held by a queued span: 5 attributes, an event",
        "memory",
        {"opentelemetry": 3},
        kind="held",
        iterations=10_000,
        environment=FILLING,
        unit="B",
    ),
    Case(
        "attribute_sets",
        "bytes held by a counter for each of 100,000 attribute sets",
        "metering",
        {"opentelemetry": None},
        kind="held",
        iterations=100_000,
        unit="B",
    ),
    Case(
        "flask_added",
        "Flask under gunicorn: what a request costs more",
        "flask",
        {"opentelemetry_web": 4},
        kind="served",
        iterations=2_000,
        environment=SERVING,
    ),
    Case(
        "flask_whole",
        "Flask under gunicorn: what a request costs",
        "flask",
        {"opentelemetry_web": None},
        kind="served",
        iterations=2_000,
        environment=SERVING,
    ),
    Case(
        "fastapi_added",
        "FastAPI under uvicorn: what a request costs more",
        "fastapi",
        {"opentelemetry_web": 4},
        kind="served",
        iterations=2_000,
        peer_makes=3,
        environment=SERVING,
    ),
    Case(
        "fastapi_whole",
        "FastAPI under uvicorn: what a request costs",
        "fastapi",
        {"opentelemetry_web": None},
        kind="served",
        iterations=2_000,
        peer_makes=3,
        environment=SERVING,
    ),
    Case(
        "start_pass",
        "python -c pass, instrumented: what it costs more",
        "pass",
        {"opentelemetry_web": None},
        kind="start",
        unit="ms",
    ),
    Case(
        "start_flask",
        "import of a Flask hello, instrumented: what it costs more",
        "flask",
        {"opentelemetry_web": None},
        kind="start",
        unit="ms",
    ),
    Case(
        "import_time",
        "import of the tracing API, by -X importtime",
        "importtime",
        {"opentelemetry": 5},
        kind="import",
        unit="ms",
    ),
    Case(
        "import_cpu",
        "import of the tracing API, CPU of a fresh interpreter",
        "cpu",
        {"opentelemetry": 5},
        kind="import",
        unit="ms",
    ),
)
