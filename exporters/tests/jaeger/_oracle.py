"""Decode messages with thriftpy2 by a description of our own, and show them as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import thriftpy2
from thriftpy2.protocol import TBinaryProtocol, TCompactProtocol
from thriftpy2.transport import TMemoryBuffer

from exporters.tests._oracle import shown

__all__ = ["batch_of_call", "batch_of_request", "shown_process", "shown_span", "shown_tags"]

_idl = thriftpy2.load(str(Path(__file__).with_name("jaeger.thrift")), module_name="jaeger_thrift")
_ONEWAY = 4
_UINT64 = 1 << 64


def batch_of_call(datagram: bytes) -> Any:
    """Return the batch that a datagram hands to an agent; raises if it is no call, or not whole."""
    protocol = TCompactProtocol(TMemoryBuffer(datagram))
    assert ("emitBatch", _ONEWAY) == protocol.read_message_begin()[:2]
    call = _idl.Agent.emitBatch_args()
    protocol.read_struct(call)
    assert b"" == protocol.trans.read(len(datagram))
    return call.batch


def batch_of_request(body: bytes) -> Any:
    """Return the batch that a collector was sent; raises if it is none, or not whole."""
    protocol = TBinaryProtocol(TMemoryBuffer(body))
    batch = _idl.Batch()
    protocol.read_struct(batch)
    assert b"" == protocol.trans.read(len(body))
    return batch


def shown_span(span: Any) -> dict[str, Any]:
    """Return a span as plain values that can be compared."""
    return {
        "trace_id": span.traceIdHigh % _UINT64 << 64 | span.traceIdLow % _UINT64,
        "span_id": span.spanId % _UINT64,
        "parent_id": span.parentSpanId % _UINT64,
        "name": span.operationName,
        "references": [_shown_reference(reference) for reference in span.references or ()],
        "flags": span.flags,
        "start_us": span.startTime,
        "duration_us": span.duration,
        "tags": shown_tags(span.tags),
        "logs": [(log.timestamp, shown_tags(log.fields)) for log in span.logs or ()],
    }


def _shown_reference(reference: Any) -> tuple[str, int, int]:
    kind = ("CHILD_OF", "FOLLOWS_FROM")[reference.refType]
    trace_id = reference.traceIdHigh % _UINT64 << 64 | reference.traceIdLow % _UINT64
    return kind, trace_id, reference.spanId % _UINT64


def shown_process(process: Any) -> tuple[str, dict[str, Any]]:
    """Return a process's name and tags."""
    return process.serviceName, shown_tags(process.tags)


def shown_tags(tags: Any) -> dict[str, Any]:
    """Return tags by key, each as its type and its value's `repr`; raises if a key is there twice."""
    pairs = [(tag.key, _shown_value(tag)) for tag in tags or ()]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def _shown_value(tag: Any) -> Any:
    values = [tag.vStr, tag.vDouble, tag.vBool, tag.vLong, tag.vBinary]
    value = values[tag.vType]
    # Only the field that the type names is there.
    assert [value] == [other for other in values if other is not None] or value != value  # noqa: PLR0124 - NaN
    return shown(value)
