"""Prometheus's `WriteRequest`, described to Google's protobuf library, which decodes what we encode."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["decode", "samples_of"]

_FIELD = descriptor_pb2.FieldDescriptorProto
# prometheus/prompb: name and number of each field, and its type; a capital names a message, repeated.
_MESSAGES = {
    "Label": {"name": (1, "string"), "value": (2, "string")},
    "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
    "Exemplar": {"labels": (1, "Label"), "value": (2, "double"), "timestamp": (3, "int64")},
    "TimeSeries": {"labels": (1, "Label"), "samples": (2, "Sample"), "exemplars": (3, "Exemplar")},
    "MetricMetadata": {
        "type": (1, "int32"),
        "metric_family_name": (2, "string"),
        "help": (4, "string"),
        "unit": (5, "string"),
    },
    "WriteRequest": {"timeseries": (1, "TimeSeries"), "metadata": (3, "MetricMetadata")},
}


def _described() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="remote.proto", package="prometheus", syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            field = described.field.add(name=name, number=number, label=_FIELD.LABEL_OPTIONAL)
            if kind in _MESSAGES:
                field.label, field.type = _FIELD.LABEL_REPEATED, _FIELD.TYPE_MESSAGE
                field.type_name = f".prometheus.{kind}"
            else:
                field.type = getattr(_FIELD, f"TYPE_{kind.upper()}")
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_described())
_REQUEST = message_factory.GetMessageClass(_POOL.FindMessageTypeByName("prometheus.WriteRequest"))


def decode(body: bytes) -> Any:
    """Return the request that the bytes are."""
    return _REQUEST.FromString(body)


def samples_of(request: Any) -> dict[tuple[tuple[str, str], ...], list[tuple[float, int]]]:
    """Return values and times by labels; labels that are not sorted, or come twice, are a fault."""
    found = {}
    for series in request.timeseries:
        labels = tuple((label.name, label.value) for label in series.labels)
        assert sorted(dict(labels).items()) == list(labels)
        assert labels not in found
        found[labels] = [(sample.value, sample.timestamp) for sample in series.samples]
    return found
