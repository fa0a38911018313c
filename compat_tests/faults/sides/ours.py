"""midspan, as a scenario's program uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import context, metrics, sdk, trace

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["account", "attribute", "begin", "configure", "end", "flush", "otlp", "shutdown", "span", "view"]

_tracer = trace.get_tracer("faults")
# Readers of metrics for the next `configure`.
configured: list[sdk.PullReader] = []


def configure(
    *exporters: Any,
    simple: bool = False,
    spill: Any = None,
    delivery: dict[str, Any] | None = None,
    **batch: Any,
) -> None:
    """Configure with exporters behind batch queues; `batch` are fields of `sdk.BatchSettings`.

    `spill` is a folder, or fields of `sdk.SpillSettings`; `delivery` are fields of `sdk.DeliverySettings`.
    """
    wanted = [sdk.Simple(exporter) if simple else exporter for exporter in exporters]
    sdk.configure(
        service_name="faults",
        exporters=wanted,
        batch=sdk.BatchSettings(**batch),
        metric_readers=configured,
        spill=sdk.SpillSettings(**spill) if isinstance(spill, dict) else spill,
        delivery=sdk.DeliverySettings(**delivery) if delivery else None,
    )


def with_part(part: str, function: Any) -> None:
    """Configure with one part of the pipeline replaced by `function`."""
    parts: dict[str, Any] = {
        "sampler": {"sampler": function},
        "id generator": {
            "ids": type("Ids", (), {"trace_id": staticmethod(function), "span_id": staticmethod(function)})()
        },
        "processor at the start": {
            "processors": [type("Starting", (), {"on_start": staticmethod(function)})()]
        },
        "processor at the end": {"processors": [type("Ending", (), {"on_end": staticmethod(function)})()]},
        "exporter": {"exporters": [type("Failing", (), {"export_spans": staticmethod(function)})()]},
        "exporter, simple": {
            "exporters": [sdk.Simple(type("Failing", (), {"export_spans": staticmethod(function)})())]
        },
        "clock": {
            "clock": type(
                "Clock", (), {"monotonic_ns": staticmethod(function), "time_ns": staticmethod(function)}
            )()
        },
        "propagator": {
            "propagators": [
                type(
                    "Propagator",
                    (),
                    {"inject": staticmethod(function), "extract": staticmethod(function), "fields": ()},
                )()
            ]
        },
    }
    sdk.configure(**({"exporters": []} | parts[part]))


def inject_and_extract() -> None:
    """Use the configured propagator."""
    from midspan import propagation

    propagation.inject({})
    propagation.extract({})


def otlp(endpoint: str, protocol: str = "http/protobuf") -> Any:
    """Return an exporter over OTLP."""
    from midspan.exporters.otlp import OTLPExporter

    return OTLPExporter(endpoint, protocol=protocol)


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
    """Return a function that runs under the context that is current now."""
    return context.carry(function)


def measurer() -> tuple[Any, Any]:
    """Return what records one measurement, and what says how many were recorded; call it first of all."""
    configured.append(sdk.PullReader())
    meter = metrics.get_meter("faults")
    counter, histogram = meter.create_counter("measured"), meter.create_histogram("sizes")

    def measure() -> None:
        counter.add(1, {"key": "value"})
        histogram.record(1.5, {"key": "value"})

    def measured() -> list[int]:
        (reader,) = configured
        points = {metric.name: metric.points for metric in reader.collect()}
        return [int(points["measured"][0].value), int(points["sizes"][0].count)]

    return measure, measured


def fail(span: Any, description: str) -> None:
    """Say that it failed, and how."""
    span.set_status(trace.StatusCode.ERROR, description)


def decorated(name: str) -> Any:
    """Return the decorator that runs a function in a span."""
    return _tracer.start_as_current_span(name)


def verbs() -> Any:
    """Return every verb as a function of one value."""
    from compat_tests.faults.sides._verbs_of_ours import VERBS

    return VERBS


def flush(timeout_s: float) -> bool:
    """Flush the pipeline."""
    pipeline = sdk.get_pipeline()
    assert pipeline is not None
    return pipeline.force_flush(timeout_s)


def shutdown(timeout_s: float) -> bool:
    """Shut the pipeline down."""
    pipeline = sdk.get_pipeline()
    assert pipeline is not None
    return pipeline.shutdown(timeout_s)


def view(span: Any) -> dict[str, Any]:
    """Return what a program wants to know of a finished span."""
    return {
        "name": span.name,
        "trace_id": span.context.trace_id,
        "span_id": span.context.span_id,
        "parent_id": span.parent.span_id if span.parent else 0,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
    }


def account() -> dict[str, Any] | None:
    """Return what became of the spans, by the first exporter's account."""
    pipeline = sdk.get_pipeline()
    assert pipeline is not None
    first = next(iter(pipeline.stats().exporters.values()))
    return first._asdict()
