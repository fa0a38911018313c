"""Decode what our encoders write with protobuf's own runtime, as plain values.

The message types are declared here from opencensus-proto (trace.proto, metrics.proto, resource.proto,
common.proto and the two services), field by field. They are declared as proto2, where a field that is on the
wire is present whatever its value is: so a test sees what was written.
"""

from __future__ import annotations

import struct
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["decode_metrics", "decode_spans", "one_metric", "one_span"]

_FIELD = descriptor_pb2.FieldDescriptorProto
# Number and type of each field; a capital names a message, an asterisk says that it is repeated. A map is the
# entries that it is made of, and an enumeration the number that it is.
_MESSAGES = {
    "Timestamp": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "Bool": {"value": (1, "bool")},
    "UInt32": {"value": (1, "uint32")},
    "Int64": {"value": (1, "int64")},
    "Double": {"value": (1, "double")},
    "StringEntry": {"key": (1, "string"), "value": (2, "string")},
    "TruncatableString": {"value": (1, "string"), "truncated_byte_count": (2, "int32")},
    "AttributeValue": {
        "string_value": (1, "TruncatableString"),
        "int_value": (2, "int64"),
        "bool_value": (3, "bool"),
        "double_value": (4, "double"),
    },
    "AttributeEntry": {"key": (1, "string"), "value": (2, "AttributeValue")},
    "Attributes": {"attribute_map": (1, "AttributeEntry*"), "dropped_attributes_count": (2, "int32")},
    "Tracestate": {"entries": (1, "StringEntry*")},
    "Annotation": {"description": (1, "TruncatableString"), "attributes": (2, "Attributes")},
    "MessageEvent": {
        "type": (1, "int32"),
        "id": (2, "uint64"),
        "uncompressed_size": (3, "uint64"),
        "compressed_size": (4, "uint64"),
    },
    "TimeEvent": {
        "time": (1, "Timestamp"),
        "annotation": (2, "Annotation"),
        "message_event": (3, "MessageEvent"),
    },
    "TimeEvents": {
        "time_event": (1, "TimeEvent*"),
        "dropped_annotations_count": (2, "int32"),
        "dropped_message_events_count": (3, "int32"),
    },
    "Link": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "type": (3, "int32"),
        "attributes": (4, "Attributes"),
        "tracestate": (5, "Tracestate"),
    },
    "Links": {"link": (1, "Link*"), "dropped_links_count": (2, "int32")},
    "Status": {"code": (1, "int32"), "message": (2, "string")},
    "StackFrame": {
        "function_name": (1, "TruncatableString"),
        "file_name": (3, "TruncatableString"),
        "line_number": (4, "int64"),
    },
    "StackFrames": {"frame": (1, "StackFrame*"), "dropped_frames_count": (2, "int32")},
    "StackTrace": {"stack_frames": (1, "StackFrames"), "stack_trace_hash_id": (2, "uint64")},
    "Resource": {"type": (1, "string"), "labels": (2, "StringEntry*")},
    "Span": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "parent_span_id": (3, "bytes"),
        "name": (4, "TruncatableString"),
        "start_time": (5, "Timestamp"),
        "end_time": (6, "Timestamp"),
        "attributes": (7, "Attributes"),
        "stack_trace": (8, "StackTrace"),
        "time_events": (9, "TimeEvents"),
        "links": (10, "Links"),
        "status": (11, "Status"),
        "same_process_as_parent_span": (12, "Bool"),
        "child_span_count": (13, "UInt32"),
        "kind": (14, "int32"),
        "tracestate": (15, "Tracestate"),
        "resource": (16, "Resource"),
    },
    "LabelKey": {"key": (1, "string"), "description": (2, "string")},
    "LabelValue": {"value": (1, "string"), "has_value": (2, "bool")},
    "MetricDescriptor": {
        "name": (1, "string"),
        "description": (2, "string"),
        "unit": (3, "string"),
        "type": (4, "int32"),
        "label_keys": (5, "LabelKey*"),
    },
    "Explicit": {"bounds": (1, "double*")},
    "BucketOptions": {"explicit": (1, "Explicit")},
    "Exemplar": {"value": (1, "double"), "timestamp": (2, "Timestamp"), "attachments": (3, "StringEntry*")},
    "Bucket": {"count": (1, "int64"), "exemplar": (2, "Exemplar")},
    "DistributionValue": {
        "count": (1, "int64"),
        "sum": (2, "double"),
        "sum_of_squared_deviation": (3, "double"),
        "bucket_options": (4, "BucketOptions"),
        "buckets": (5, "Bucket*"),
    },
    "ValueAtPercentile": {"percentile": (1, "double"), "value": (2, "double")},
    "Snapshot": {
        "count": (1, "Int64"),
        "sum": (2, "Double"),
        "percentile_values": (3, "ValueAtPercentile*"),
    },
    "SummaryValue": {"count": (1, "Int64"), "sum": (2, "Double"), "snapshot": (3, "Snapshot")},
    "Point": {
        "timestamp": (1, "Timestamp"),
        "int64_value": (2, "int64"),
        "double_value": (3, "double"),
        "distribution_value": (4, "DistributionValue"),
        "summary_value": (5, "SummaryValue"),
    },
    "TimeSeries": {
        "start_timestamp": (1, "Timestamp"),
        "label_values": (2, "LabelValue*"),
        "points": (3, "Point*"),
    },
    "Metric": {
        "metric_descriptor": (1, "MetricDescriptor"),
        "timeseries": (2, "TimeSeries*"),
        "resource": (3, "Resource"),
    },
    "ProcessIdentifier": {
        "host_name": (1, "string"),
        "pid": (2, "uint32"),
        "start_timestamp": (3, "Timestamp"),
    },
    "LibraryInfo": {
        "language": (1, "int32"),
        "exporter_version": (2, "string"),
        "core_library_version": (3, "string"),
    },
    "ServiceInfo": {"name": (1, "string")},
    "Node": {
        "identifier": (1, "ProcessIdentifier"),
        "library_info": (2, "LibraryInfo"),
        "service_info": (3, "ServiceInfo"),
        "attributes": (4, "StringEntry*"),
    },
    "Spans": {"node": (1, "Node"), "spans": (2, "Span*"), "resource": (3, "Resource")},
    "Metrics": {"node": (1, "Node"), "metrics": (2, "Metric*"), "resource": (3, "Resource")},
}


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="agent_test.proto", package="oc", syntax="proto2")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            field = described.field.add(name=name, number=number, label=_FIELD.LABEL_OPTIONAL)
            if kind.endswith("*"):
                field.label = _FIELD.LABEL_REPEATED
            bare = kind.rstrip("*")
            if bare in _MESSAGES:
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".oc.{bare}"
            else:
                field.type = getattr(_FIELD, f"TYPE_{bare.upper()}")
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_described())


def decode_spans(payload: bytes) -> dict[str, Any]:
    """Return a request of the service for traces: its node, its spans and its resource, as far as present."""
    return _decoded("Spans", payload)


def decode_metrics(payload: bytes) -> dict[str, Any]:
    """Return a request of the service for metrics."""
    return _decoded("Metrics", payload)


def one_span(payload: bytes) -> dict[str, Any]:
    """Return the only span of a request."""
    (span,) = decode_spans(payload)["spans"]
    return span


def one_metric(payload: bytes) -> dict[str, Any]:
    """Return the only metric of a request."""
    (metric,) = decode_metrics(payload)["metrics"]
    return metric


def _decoded(name: str, payload: bytes) -> dict[str, Any]:
    message = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"oc.{name}")).FromString(payload)
    # What is not declared would be kept, and told by the size.
    message_without = type(message).FromString(payload)
    message_without.DiscardUnknownFields()
    assert message.ByteSize() == message_without.ByteSize()
    return _plain(message)


def _plain(message: Any) -> Any:
    """Return a message as what it means: a time as nanoseconds, a text as one, a map as a dictionary."""
    name = message.DESCRIPTOR.name
    fields = {field.name: _value(field, value) for field, value in message.ListFields()}
    if name == "Timestamp":
        return fields.get("seconds", 0) * 10**9 + fields.get("nanos", 0)
    if name in {"TruncatableString", "Bool", "UInt32", "Int64", "Double"}:
        return message.value
    if name == "AttributeValue":
        ((_, value),) = fields.items()
        return value
    if name == "StackFrame":
        return fields["function_name"], fields["file_name"], fields["line_number"]
    return fields


def _value(field: Any, value: Any) -> Any:
    if field.type != _FIELD.TYPE_MESSAGE:
        return list(value) if field.is_repeated else value
    if not field.is_repeated:
        return _plain(value)
    if field.message_type.name.endswith("Entry"):
        pairs = [
            (entry.key, entry.value if isinstance(entry.value, str) else _plain(entry.value))
            for entry in value
        ]
        # A key that comes twice is none of a map's.
        assert len(pairs) == len(dict(pairs))
        return dict(pairs)
    return [_plain(item) for item in value]


def bits(number: float) -> bytes:
    """Return a double so that NaN equals itself, and no zero another."""
    return struct.pack("<d", number)
