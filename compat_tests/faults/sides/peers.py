"""opentelemetry-sdk, as a scenario's program uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["account", "attribute", "begin", "configure", "end", "flush", "otlp", "shutdown", "span", "view"]

_tracer = trace.get_tracer("faults")
_provider: Any = None


class _Adapted(SpanExporter):
    """One of the scenarios' exporters."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter

    def export(self, spans: Any) -> SpanExportResult:
        accepted = self._exporter.export_spans(spans) is not False
        return SpanExportResult.SUCCESS if accepted else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self._exporter.shutdown(30.0)


def configure(
    *exporters: Any, simple: bool = False, spill: Any = None, delivery: Any = None, **batch: Any
) -> None:
    """Make the first provider the global one; later ones serve `span` and the others here alone.

    It has nothing that `spill` and `delivery` could be told to.
    """
    global _provider, _tracer  # noqa: PLW0603 - as `configure()` of midspan has one pipeline
    settings = {
        {"max_queue_size": "max_queue_size", "max_export_batch_size": "max_export_batch_size"}[name]: value
        for name, value in batch.items()
    }
    # Each configure() of midspan closes the one before.
    if _provider is not None:
        _provider.shutdown()
    provider = TracerProvider(resource=Resource.create({"service.name": "faults"}))
    for exporter in exporters:
        adapted = exporter if isinstance(exporter, SpanExporter) else _Adapted(exporter)
        provider.add_span_processor(
            SimpleSpanProcessor(adapted) if simple else BatchSpanProcessor(adapted, **settings)
        )
    if _provider is None:
        trace.set_tracer_provider(provider)
    _provider = provider
    _tracer = provider.get_tracer("faults")


def with_part(part: str, function: Any) -> None:
    """Configure with one part of the pipeline replaced by `function`."""
    global _provider, _tracer  # noqa: PLW0603 - as `configure()` of midspan has one pipeline
    from opentelemetry import propagate
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.sdk.trace.sampling import Sampler

    def instance(base: type, *verbs: str) -> Any:
        methods = {verb: lambda *_, **__: function() for verb in verbs}
        return type("Failing", (base,), methods)()

    options: dict[str, Any] = {}
    if part == "sampler":
        options["sampler"] = instance(Sampler, "should_sample", "get_description")
    if part == "id generator":
        options["id_generator"] = instance(IdGenerator, "generate_span_id", "generate_trace_id")
    _provider = TracerProvider(**options)
    if part.startswith("processor"):
        _provider.add_span_processor(
            instance(SpanProcessor, "on_start" if part.endswith("start") else "on_end")
        )
    if part == "exporter":
        _provider.add_span_processor(BatchSpanProcessor(instance(SpanExporter, "export", "shutdown")))
    if part == "exporter, simple":
        _provider.add_span_processor(SimpleSpanProcessor(instance(SpanExporter, "export", "shutdown")))
    if part == "propagator":
        propagate.set_global_textmap(instance(object, "inject", "extract"))
    _tracer = _provider.get_tracer("faults")


def inject_and_extract() -> None:
    """Use the configured propagator."""
    from opentelemetry import propagate

    propagate.inject({})
    propagate.extract({})


def otlp(endpoint: str, protocol: str = "http/protobuf") -> Any:
    """Return an exporter over OTLP."""
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as Exporter

        return Exporter(endpoint, insecure=True)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint + "/v1/traces")


def span(name: str) -> AbstractContextManager[Any]:
    """Run a block in a span."""
    return _tracer.start_as_current_span(name)


def begin(name: str) -> Any:
    """Start a span."""
    return _tracer.start_span(name)


def end(span: Any) -> None:
    """End it."""
    span.end()


def attribute(span: Any, key: str, value: Any) -> None:
    """Set an attribute."""
    span.set_attribute(key, value)


def carry(function: Any) -> Any:
    """Return a function that runs under the context that is current now; there is no such helper."""
    from opentelemetry import context

    current = context.get_current()

    def carried(*args: Any) -> Any:
        token = context.attach(current)
        try:
            return function(*args)
        finally:
            context.detach(token)

    return carried


def measurer() -> tuple[Any, Any]:
    """Return what records one measurement, and what says how many were recorded."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("faults")
    counter, histogram = meter.create_counter("measured"), meter.create_histogram("sizes")

    def measure() -> None:
        counter.add(1, {"key": "value"})
        histogram.record(1.5, {"key": "value"})

    def measured() -> list[int]:
        data = reader.get_metrics_data()
        found = data.resource_metrics[0].scope_metrics[0].metrics
        points = {metric.name: metric.data.data_points[0] for metric in found}
        return [points["measured"].value, points["sizes"].count]

    return measure, measured


def fail(span: Any, description: str) -> None:
    """Say that it failed, and how."""
    span.set_status(trace.Status(trace.StatusCode.ERROR, description))


def decorated(name: str) -> Any:
    """Return the decorator that runs a function in a span."""
    return _tracer.start_as_current_span(name)


def verbs() -> Any:
    """Return every verb as a function of one value."""
    from compat_tests.faults.sides._verbs_of_peers import VERBS

    return VERBS


def flush(timeout_s: float) -> bool:
    """Flush the pipeline."""
    return bool(_provider.force_flush(int(timeout_s * 1_000)))


def shutdown(timeout_s: float) -> None:
    """Shut the pipeline down; there is no timeout to give, and no answer."""
    _provider.shutdown()


def view(span: Any) -> dict[str, Any]:
    """Return what a program wants to know of a finished span."""
    return {
        "name": span.name,
        "trace_id": span.context.trace_id,
        "span_id": span.context.span_id,
        "parent_id": span.parent.span_id if span.parent else 0,
        "start_ns": span.start_time,
        "end_ns": span.end_time,
    }


def account() -> None:
    """Return nothing: there is no account to be had."""
