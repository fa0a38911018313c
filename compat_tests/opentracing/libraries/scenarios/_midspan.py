"""Record what a library does to midspan's bridge, read from the spans as an exporter gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import opentracing

from midspan import sdk, testing, trace
from midspan.bridges import opentracing as bridge

if TYPE_CHECKING:
    from collections.abc import Callable

_ERROR = {trace.StatusCode.ERROR: True, trace.StatusCode.OK: False, trace.StatusCode.UNSET: None}


def open_midspan(
    scope_manager: opentracing.ScopeManager | None, propagators: str | None
) -> tuple[opentracing.Tracer, Callable[[], None], Callable[[], list[dict[str, Any]]]]:
    """Return the bridge's tracer over a pipeline that ends in memory, what installs it, what reads the spans.

    Without a scope manager the bridge is installed at once, as its documentation says to start.
    """
    memory = testing.MemoryExporter()
    pipeline = sdk.configure(service_name="library", exporters=[memory])
    tracer = bridge.Tracer(scope_manager) if scope_manager else bridge.install(propagators=propagators)

    def read() -> list[dict[str, Any]]:
        if not pipeline.force_flush(timeout_s=5):
            raise TimeoutError("the pipeline did not flush")
        return [_span(span, ended) for ended, span in enumerate(memory.spans)]

    return tracer, lambda: _install(tracer), read


def _install(tracer: bridge.Tracer) -> None:
    bridge.install(tracer=tracer)
    if opentracing.tracer is not tracer:
        raise RuntimeError("the bridge was installed, but it is not the global tracer")


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
