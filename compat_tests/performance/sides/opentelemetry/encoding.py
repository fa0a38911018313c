"""OTLP payloads, by OpenTelemetry's encoder and protobuf."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics as to_message
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.zipkin.json.v2 import JsonV2Encoder
from opentelemetry.exporter.zipkin.node_endpoint import NodeEndpoint
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from compat_tests.performance import _metric_mix, _mix
from compat_tests.performance._timed import Made, Timed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.metrics.export import MetricsData
    from opentelemetry.sdk.trace import ReadableSpan

# Tags whose values are text, which every side writes alike.
_PLAIN_TAGS = frozenset(("http.request.method", "http.route", "db.query.text", "url.full", "user.id"))


def encode_mixed() -> Timed:
    """Batches of 512 spans, none seen before, to bytes."""
    return _encoded(lambda batch: encode_spans(batch).SerializeToString())


def encode_zipkin() -> Timed:
    """The same as Zipkin has it, in JSON."""
    encoder, origin = JsonV2Encoder(), NodeEndpoint()
    return _encoded(lambda batch: encoder.serialize(batch, origin).encode())


def _encoded(encode: Callable[[Sequence[ReadableSpan]], bytes]) -> Timed:
    made, builder = Made(), Builder()
    batches: list[Sequence[ReadableSpan]] = []

    def prepare(iterations: int) -> None:
        batches[:] = [builder.next_batch() for _ in range(iterations)]

    def run(_iterations: int) -> None:
        for batch in batches:
            made.last = encode(batch)
            made.total += len(batch)

    return Timed(
        run,
        made.count,
        lambda: made.last.hex(),  # noqa: PLW0108 - the latest, not today's
        prepare=prepare,
    )


def neutral_zipkin(payload_hex: str) -> list[Any]:
    """Read any side's spans for Zipkin into what the sides must agree on; what they add is their own."""
    shown = [
        [
            [
                span["name"].lower(),
                span.get("kind"),
                "parentId" in span,
                len(span["traceId"]),
                len(span["id"]),
            ],
            # One side rounds to microseconds, the other cuts.
            [span["timestamp"] > 0, span["duration"] > 0],
            sorted((key, value) for key, value in span.get("tags", {}).items() if key in _PLAIN_TAGS),
            len(span.get("annotations", ())),
        ]
        for span in json.loads(bytes.fromhex(payload_hex))
    ]
    return sorted(shown, key=repr)


def neutral_payload(payload_hex: str) -> list[Any]:
    """Decode any side's payload into what the sides must agree on, which is all but ids and batch numbers."""
    request = ExportTraceServiceRequest.FromString(bytes.fromhex(payload_hex))
    shown = [
        [scoped.scope.name, _shown(span)]
        for resource in request.resource_spans
        for scoped in resource.scope_spans
        for span in scoped.spans
    ]
    return sorted(shown, key=repr)


def _shown(span: Any) -> list[Any]:
    return [
        [span.name, span.kind, bool(span.parent_span_id), len(span.trace_id), len(span.span_id)],
        [span.start_time_unix_nano, span.end_time_unix_nano, span.status.code, span.status.message],
        sorted(str(pair) for pair in span.attributes),
        [[event.name, event.time_unix_nano, sorted(map(str, event.attributes))] for event in span.events],
        len(span.links),
    ]


def encode_metrics() -> Timed:
    """Collections of 2,000 points, each with new numbers, to bytes."""
    made, recorder = Made(), Recorder()
    collections: list[MetricsData] = []

    def prepare(iterations: int) -> None:
        collections[:] = [recorder.next_collection() for _ in range(iterations)]

    def run(_iterations: int) -> None:
        for collected in collections:
            made.last = to_message(collected).SerializeToString()
            made.total += _metric_mix.POINTS

    return Timed(
        run,
        made.count,
        lambda: made.last.hex(),  # noqa: PLW0108 - the latest, not today's
        prepare=prepare,
    )


def neutral_metrics(payload_hex: str) -> list[Any]:
    """Decode any side's payload into what the sides must agree on, which is all but ids and times."""
    request = ExportMetricsServiceRequest.FromString(bytes.fromhex(payload_hex))
    shown = [
        [scoped.scope.name, metric.name, metric.unit, metric.description, kind, _shown_point(point)]
        for resource in request.resource_metrics
        for scoped in resource.scope_metrics
        for metric in scoped.metrics
        for kind in [_kind_of(metric)]
        for point in getattr(metric, kind[0]).data_points
    ]
    return sorted(shown, key=repr)


def _kind_of(metric: Any) -> list[Any]:
    name = metric.WhichOneof("data")
    data = getattr(metric, name)
    return [name, getattr(data, "aggregation_temporality", None), getattr(data, "is_monotonic", None)]


def _shown_point(point: Any) -> list[Any]:
    attributes = sorted(str(pair) for pair in point.attributes)
    whole = [bool(point.start_time_unix_nano), bool(point.time_unix_nano)]
    if not hasattr(point, "bucket_counts"):
        return [attributes, whole[1], point.as_int or point.as_double]
    exemplars = sorted(
        [exemplar.as_int or exemplar.as_double, len(exemplar.trace_id), len(exemplar.span_id)]
        for exemplar in point.exemplars
    )
    numbers = [point.count, point.sum, point.min, point.max]
    return [attributes, whole, numbers, list(point.bucket_counts), list(point.explicit_bounds), exemplars]


class Recorder:
    """Record round after round of measurements, and collect each."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        resource = Resource.create({"service.name": "shop"})
        provider = MeterProvider([self._reader], resource, shutdown_on_exit=False)
        meter = provider.get_meter("shop.checkout", "1.2.0")
        self._tracer = TracerProvider(shutdown_on_exit=False).get_tracer("shop")
        self._counters = [
            meter.create_counter(f"shop.counter.{number}", "{order}", "What was counted")
            for number in range(_metric_mix.COUNTERS)
        ]
        self._gauges = [
            meter.create_gauge(f"shop.gauge.{number}", "By", "What was there")
            for number in range(_metric_mix.GAUGES)
        ]
        self._histograms = [
            meter.create_histogram(f"shop.histogram.{number}", "ms", "What was timed")
            for number in range(_metric_mix.HISTOGRAMS)
        ]
        self._number = 0

    def next_collection(self) -> MetricsData:
        """Give 200 finished metrics."""
        for of_series in _metric_mix.describe(self._number):
            self._record(of_series)
        self._number += 1
        collected = self._reader.get_metrics_data()
        if collected is None:
            raise AssertionError("nothing was collected")
        return collected

    def _record(self, of_series: _metric_mix.Round) -> None:
        for counter in self._counters:
            counter.add(of_series.added, of_series.attributes)
        for gauge in self._gauges:
            gauge.set(of_series.level, of_series.attributes)
        with self._tracer.start_as_current_span("order"):
            for histogram in self._histograms:
                for latency_ms in of_series.latencies_ms:
                    histogram.record(latency_ms, of_series.attributes)


class Builder:
    """Build batch after batch of the mixed spans, no two alike."""

    def __init__(self) -> None:
        self._memory = InMemorySpanExporter()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(SimpleSpanProcessor(self._memory))
        self._number = 0

    def next_batch(self) -> Sequence[ReadableSpan]:
        """Give 512 finished spans."""
        built: list[trace.Span] = []
        for described in _mix.describe(self._number):
            built.append(self._build(described, built))
        self._number += 1
        spans: Sequence[ReadableSpan] = self._memory.get_finished_spans()
        self._memory.clear()
        return spans

    def _build(self, described: _mix.Described, built: list[trace.Span]) -> trace.Span:
        parent = None if described.parent is None else trace.set_span_in_context(built[described.parent])
        span = self._provider.get_tracer(described.scope).start_span(
            described.name,
            parent,
            trace.SpanKind[described.kind],
            described.attributes,
            [trace.Link(built[0].get_span_context())] * described.links if built else None,
            described.start_ns,
        )
        for name, at_ns, attributes in described.events:
            span.add_event(name, attributes, at_ns)
        if described.error:
            span.set_status(trace.StatusCode.ERROR, described.error)
        span.end(described.end_ns)
        return span
