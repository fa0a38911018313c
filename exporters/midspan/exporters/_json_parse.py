"""Take the JSON form of OTLP requests apart.

What is read was written by another process, so nothing is taken for granted: a field that is missing has its
default, what cannot be read is left out and counted, and nothing but `UNREADABLE` is raised.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from midspan import _trouble
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = [
    "Signal",
    "attributes_in",
    "double_in",
    "id_in",
    "int_in",
    "items_in",
    "list_in",
    "object_in",
    "time_in",
]

_Item = TypeVar("_Item")

_ID_DIGITS: Final = 32
_MAX_TIME: Final = (1 << 64) - 1
# What may be raised by converting whatever JSON can hold.
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, RecursionError)


class Signal(NamedTuple):
    """What the lists of a request are called, and a single item in messages."""

    groups: str
    scopes: str
    members: str
    item: str


def items_in(
    documents: Iterable[str | bytes | Mapping[str, Any]],
    signal: Signal,
    convert: Callable[[Mapping[str, Any], Resource, InstrumentationScope], _Item],
) -> Iterator[_Item]:
    """Yield the items of requests, given as lines of a file or parsed; empty lines are passed over."""
    for document in documents:
        try:
            if isinstance(document, (str, bytes)):
                if not document.strip():
                    continue
                document = json.loads(document)  # noqa: PLW2901 - the same document, parsed
            groups = [object_in(group) for group in list_in(object_in(document), signal.groups)]
        except _UNREADABLE as error:
            _trouble.report("jsonl.unreadable", "a line holds no OTLP/JSON request", error=error)
            continue
        for group in groups:
            yield from _items_of(group, signal, convert)


def _items_of(
    group: Mapping[str, Any],
    signal: Signal,
    convert: Callable[[Mapping[str, Any], Resource, InstrumentationScope], _Item],
) -> Iterator[_Item]:
    try:
        attributes = attributes_in(object_in(group.get("resource", {})))
        resource = Resource(attributes, str(group.get("schemaUrl", "")))
        parts = [
            (_scope(object_in(part)), list_in(part, signal.members)) for part in list_in(group, signal.scopes)
        ]
    except _UNREADABLE as error:
        _trouble.report("jsonl.unreadable", f"a group of {signal.members} cannot be read", error=error)
        return
    for scope, items in parts:
        for item in items:
            try:
                converted = convert(object_in(item), resource, scope)
            except _UNREADABLE as error:
                _trouble.report("jsonl.unreadable", f"a {signal.item} cannot be read", error=error)
            else:
                yield converted


def _scope(part: Mapping[str, Any]) -> InstrumentationScope:
    scope = object_in(part.get("scope", {}))
    return InstrumentationScope(
        str(scope.get("name", "")),
        str(scope.get("version", "")),
        str(part.get("schemaUrl", "")),
        tuple(attributes_in(scope).items()),
    )


def attributes_in(fields: Mapping[str, Any], name: str = "attributes") -> dict[str, Any]:
    """Return attributes."""
    return _pairs(list_in(fields, name))


def _pairs(pairs: list[Any]) -> dict[str, Any]:
    return {str(object_in(pair).get("key", "")): _value(object_in(pair.get("value", {}))) for pair in pairs}


def _value(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of OTLP's types
    for kind, given in value.items():
        if given is None:
            continue
        if kind == "arrayValue":
            return tuple(_value(object_in(item)) for item in list_in(object_in(given), "values"))
        if kind == "kvlistValue":
            return _pairs(list_in(object_in(given), "values"))
        if kind in _SCALARS:
            return _SCALARS[kind](given)
    return None


def _bytes(given: Any) -> bytes:  # noqa: ANN401 - a string, it should be
    return base64.b64decode(given, validate=True)


def _bool(given: Any) -> bool:  # noqa: ANN401 - a boolean, it should be
    return given is True


def double_in(given: Any) -> float:  # noqa: ANN401 - a number, or the name of one
    """Return a number; 0 if it is missing."""
    return 0.0 if given is None else float(given)


def int_in(given: Any) -> int:  # noqa: ANN401 - a number, or a string with one
    """Return a number; 0 if it is missing."""
    return int(given) if given else 0


def time_in(given: Any) -> int:  # noqa: ANN401 - as above
    """Return nanoseconds since the epoch."""
    time_ns = int_in(given)
    if not 0 <= time_ns <= _MAX_TIME:
        raise ValueError(f"{time_ns} is no time")
    return time_ns


def id_in(given: Any) -> int:  # noqa: ANN401 - a string, it should be
    """Read hexadecimal digits, no more than an id has."""
    return int(given[:_ID_DIGITS], 16) if given else 0


_SCALARS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "stringValue": str,
    "boolValue": _bool,
    "intValue": int_in,
    "doubleValue": float,
    "bytesValue": _bytes,
}


def object_in(given: Any) -> Mapping[str, Any]:  # noqa: ANN401 - it is looked at here
    """Return what should be an object, if it is one."""
    if not isinstance(given, dict):
        message = f"an object should stand where there is {type(given).__name__}"
        raise TypeError(message)
    return given


def list_in(fields: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list, which may be left out when it is empty (or null, as some writers have it)."""
    given = fields.get(name) or []
    if not isinstance(given, list):
        message = f"{name} should be a list"
        raise TypeError(message)
    return given
