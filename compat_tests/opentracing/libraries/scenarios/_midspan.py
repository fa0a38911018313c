"""Record what a library does to midspan's bridge, read from the spans as an exporter gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import sdk, testing, trace
from midspan.bridges import opentracing as bridge

if TYPE_CHECKING:
    from collections.abc import Callable

    import opentracing

_ERROR = {trace.StatusCode.ERROR: True, trace.StatusCode.OK: False, trace.StatusCode.UNSET: None}


def open_midspan(
    scope_manager: opentracing.ScopeManager | None,
) -> tuple[opentracing.Tracer, Callable[[], list[dict[str, Any]]]]:
    """Return the bridge's tracer over a pipeline that ends in memory, and what reads the ended spans."""
    memory = testing.MemoryExporter()
    pipeline = sdk.configure(service_name="library", exporters=[memory])
    tracer = bridge.Tracer(scope_manager=scope_manager) if scope_manager else bridge.Tracer()

    def read() -> list[dict[str, Any]]:
        if not pipeline.force_flush(timeout_s=5):
            raise TimeoutError("the pipeline did not flush")
        return [_span(span, ended) for ended, span in enumerate(memory.spans)]

    return tracer, read


def _span(span: trace.Span, ended: int) -> dict[str, Any]:
    return {
        "id": span.context.span_id,
        "parent": span.parent.span_id if span.parent else None,
        "trace": span.context.trace_id,
        "started": span.start_ns,
        "ended": ended,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "error": _ERROR[span.status.code],
        "tags": dict(span.attributes),
        "logs": [[event.name, dict(event.attributes)] for event in span.events],
    }
