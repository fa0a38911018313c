"""Declare Jaeger's structures, as the `thrift` library wants them described.

Names, numbers and types are those of jaeger.thrift and agent.thrift (repository jaegertracing/jaeger-idl). A
field that is None is not written. The library calls the attribute with the description `thrift_spec`; where
it has its C extension, that reads the attributes of an object by it.
"""

from __future__ import annotations

from typing import Any, Final

from thrift.protocol.TBase import TBase
from thrift.Thrift import TType

__all__ = ["BOOL", "CHILD_OF", "DOUBLE", "FOLLOWS_FROM", "LONG", "Batch", "Call", "Log", "Process"]
__all__ += ["BINARY", "STRING", "Span", "SpanRef", "Tag"]

# TagType.
STRING: Final = 0
DOUBLE: Final = 1
BOOL: Final = 2
LONG: Final = 3
BINARY: Final = 4
# SpanRefType.
CHILD_OF: Final = 0
FOLLOWS_FROM: Final = 1

_TEXT: Final = (TType.STRING, "UTF8")
_BYTES: Final = (TType.STRING, "BINARY")
_I32: Final = (TType.I32, None)
_I64: Final = (TType.I64, None)
_DOUBLE: Final = (TType.DOUBLE, None)
_BOOL: Final = (TType.BOOL, None)


def _one(kind: type[_Structure]) -> tuple[Any, Any]:
    return TType.STRUCT, [kind, kind.thrift_spec]


def _many(kind: type[_Structure]) -> tuple[Any, Any]:
    return TType.LIST, (*_one(kind), False)


def _fields(**described: tuple[Any, Any]) -> tuple[Any, ...]:
    """Return the description of fields that are numbered from 1 on."""
    rows = [
        (number, kind, name, detail, None)
        for number, (name, (kind, detail)) in enumerate(described.items(), 1)
    ]
    return (None, *rows)


class _Structure(TBase):  # type: ignore[misc]  # it has no types
    """Hold the values of a structure's fields, in the order of their numbers."""

    __slots__ = ()
    thrift_spec: tuple[Any, ...] = ()

    def __init__(self, *values: Any, **named: Any) -> None:  # noqa: ANN401 - of the types that are described
        # Whoever reads a structure makes an empty one first, or in older releases gives the values by name.
        names: tuple[str, ...] = self.__slots__
        for name, value in zip(names, values or map(named.get, names), strict=True):
            setattr(self, name, value)


class Tag(_Structure):
    """A key and a value; `vType` tells which of the others holds it."""

    __slots__ = ("key", "vType", "vStr", "vDouble", "vBool", "vLong", "vBinary")  # noqa: RUF023 - by number
    thrift_spec = _fields(
        key=_TEXT, vType=_I32, vStr=_TEXT, vDouble=_DOUBLE, vBool=_BOOL, vLong=_I64, vBinary=_BYTES
    )


class Log(_Structure):
    """Tags that belong to a moment, in microseconds since the epoch."""

    __slots__ = ("timestamp", "fields")  # noqa: RUF023 - by number
    thrift_spec = _fields(timestamp=_I64, fields=_many(Tag))


class SpanRef(_Structure):
    """A reference to another span."""

    __slots__ = ("refType", "traceIdLow", "traceIdHigh", "spanId")  # noqa: RUF023 - by number
    thrift_spec = _fields(refType=_I32, traceIdLow=_I64, traceIdHigh=_I64, spanId=_I64)


class Span(_Structure):
    """A span; times are microseconds."""

    __slots__ = (  # noqa: RUF023 - by number
        "traceIdLow",
        "traceIdHigh",
        "spanId",
        "parentSpanId",
        "operationName",
        "references",
        "flags",
        "startTime",
        "duration",
        "tags",
        "logs",
    )
    thrift_spec = _fields(
        traceIdLow=_I64,
        traceIdHigh=_I64,
        spanId=_I64,
        parentSpanId=_I64,
        operationName=_TEXT,
        references=_many(SpanRef),
        flags=_I32,
        startTime=_I64,
        duration=_I64,
        tags=_many(Tag),
        logs=_many(Log),
    )


class Process(_Structure):
    """Who made the spans of a batch."""

    __slots__ = ("serviceName", "tags")
    thrift_spec = _fields(serviceName=_TEXT, tags=_many(Tag))


class Batch(_Structure):
    """What a collector takes: the spans of one process."""

    __slots__ = ("process", "spans")
    thrift_spec = _fields(process=_one(Process), spans=_many(Span))


class Call(_Structure):
    """What `emitBatch`, the call that an agent takes, is given."""

    __slots__ = ("batch",)
    thrift_spec = _fields(batch=_one(Batch))
