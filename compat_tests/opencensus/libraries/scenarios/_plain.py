"""Record what a library does to OpenCensus, in the words of the bridge's rules.

The rules that docs/opencensus.md states (what becomes of a kind, a status, an annotation, a message event, a
link, a stack trace) are written down here a second time, independently, as what OpenCensus's own record has
to look like after them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.rpc import code_pb2
from opencensus.trace import base_exporter, execution_context

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_KINDS = {0: "internal", 1: "server", 2: "client"}
_MESSAGES = {0: None, 1: "SENT", 2: "RECEIVED"}
_LINKS = {0: None, 1: "CHILD_LINKED_SPAN", 2: "PARENT_LINKED_SPAN"}


class Kept(base_exporter.Exporter):
    """An exporter as an application gives it to OpenCensus: it keeps what it gets, as it is then."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def export(self, span_datas: Any) -> None:
        """Keep them."""
        for data in span_datas:
            self.rows.append(_row(data, len(self.rows)))

    def emit(self, span_datas: Any) -> None:
        """Keep them; some code calls this one."""
        self.export(span_datas)


class Plain:
    """OpenCensus alone."""

    def __init__(self) -> None:
        self.exporter = Kept()
        self._natives: set[str] = set()

    def read(self) -> list[dict[str, Any]]:
        """Return the spans, without what only OpenCensus knows of them."""
        return [_without(row, "own") for row in list(self.exporter.rows)]

    def read_legacy(self, _order: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the spans as the exporter got them, in the order they started."""
        return legacy_rows(self.exporter.rows, self._natives)

    def native(self, name: str) -> AbstractContextManager[Any]:
        """Start a span of OpenCensus's, where midspan would start a native one."""
        self._natives.add(name)
        return execution_context.get_opencensus_tracer().span(name)


def legacy_rows(rows: list[dict[str, Any]], natives: set[str]) -> list[dict[str, Any]]:
    """Return the rows in order, without those of new code: OpenCensus's exporters get none of these."""
    kept = [row for row in rows if row["name"] not in natives]
    order = {row["id"]: index for index, row in enumerate(kept)}
    return [{**row, "ended": order[row["id"]]} for row in sorted(kept, key=lambda row: row["started"])]


def _without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}


def _row(data: Any, ended: int) -> dict[str, Any]:
    return {
        "id": data.span_id,
        "parent": data.parent_span_id,
        "trace": data.context.trace_id,
        "started": data.start_time,
        "ended": ended,
        "name": data.name,
        "kind": _KINDS[data.span_kind or 0],
        "error": data.status.code != 0,
        "status": _status(data.status),
        "attributes": {key: value for key, value in dict(data.attributes).items() if value is not None},
        "events": [_annotation(each) for each in data.annotations]
        + [_message(each) for each in data.message_events],
        "links": [_link(each) for each in data.links],
        "stack": _functions(data.stack_trace),
        "own": {"children": data.child_span_count, "same process": data.same_process_as_parent_span},
    }


def _status(status: Any) -> list[Any]:
    if status.code == 0:
        return [0, None]
    return [status.code, status.message or code_pb2.Code.Name(status.code)]


def _annotation(given: Any) -> list[Any]:
    attributes = getattr(given.attributes, "attributes", given.attributes) or {}
    return [given.description, {key: value for key, value in dict(attributes).items() if value is not None}]


def _message(given: Any) -> list[Any]:
    facts = {
        "message.type": _MESSAGES[given.type or 0],
        "message.id": given.id,
        "message.uncompressed_size": given.uncompressed_size_bytes,
        "message.compressed_size": given.compressed_size_bytes,
    }
    return ["message", {key: value for key, value in facts.items() if value is not None}]


def _link(given: Any) -> list[Any]:
    attributes = getattr(given.attributes, "attributes", given.attributes) or {}
    return [given.trace_id, given.span_id, _LINKS[given.type or 0], dict(attributes)]


def _functions(stack_trace: Any) -> list[str] | None:
    """Return the functions of a stack trace, the outermost first."""
    if stack_trace is None:
        return None
    return [frame["function_name"]["value"] for frame in stack_trace.stack_frames]
