"""Record what a library does to OpenCensus over midspan, read from the spans as an exporter gets them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from _plain import Kept, legacy_rows

from midspan import sdk, testing, trace
from midspan.bridges import opencensus as bridge

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_KINDS = {"INTERNAL": "internal", "SERVER": "server", "CLIENT": "client"}
_NATIVE = "scenario"
_FUNCTION = re.compile(r'^  File ".*", line \d+, in (\S+)$', re.MULTILINE)


class Midspan:
    """The bridge over a pipeline that ends in memory."""

    def __init__(self, legacy_exporters: str) -> None:
        self.exporter = Kept()
        self._is_fed = legacy_exporters == "tee"
        self._memory = testing.MemoryExporter()
        self._pipeline = sdk.configure(
            service_name="library", exporters=[self._memory], strict=True, environment={}
        )
        bridge.install(legacy_exporters=legacy_exporters)

    def read(self) -> list[dict[str, Any]]:
        """Return the spans that reached the pipeline's exporter."""
        if not self._pipeline.force_flush(timeout_s=5):
            raise TimeoutError("the pipeline did not flush")
        return [_row(span, ended) for ended, span in enumerate(self._memory.spans)]

    def read_legacy(self, order: dict[str, Any]) -> list[dict[str, Any]] | None:
        """Return the spans that OpenCensus's exporter got, as `order`, of the native ids, has them."""
        if not self._is_fed:
            if self.exporter.rows:
                raise RuntimeError("OpenCensus's exporter was to be replaced, but it was fed")
            return None
        return legacy_rows([{**row, "started": order[row["id"]]} for row in self.exporter.rows], set())

    def native(self, name: str) -> AbstractContextManager[Any]:
        """Start a native span."""
        return trace.get_tracer(_NATIVE).start_as_current_span(name)


def _row(span: trace.Span, ended: int) -> dict[str, Any]:
    attributes = dict(span.attributes)
    return {
        "id": f"{span.context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "trace": f"{span.context.trace_id:032x}",
        "started": span.start_ns,
        "ended": ended,
        "name": span.name,
        "kind": _KINDS[span.kind.name],
        "error": span.status.code is trace.StatusCode.ERROR,
        "status": [attributes.pop("opencensus.status_code", 0), span.status.description or None],
        "attributes": attributes,
        "events": [
            [event.name, dict(event.attributes)] for event in span.events if event.name != "exception"
        ],
        "links": [_link(link) for link in span.links],
        "stack": _functions(span),
    }


def _link(link: trace.Link) -> list[Any]:
    attributes = dict(link.attributes)
    relation = attributes.pop("opencensus.link_type", None)
    return [f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}", relation, attributes]


def _functions(span: trace.Span) -> list[str] | None:
    """Return the functions of the exception's stack trace, the outermost first."""
    for event in span.events:
        if event.name == "exception":
            return _FUNCTION.findall(str(event.attributes["exception.stacktrace"]))
    return None
