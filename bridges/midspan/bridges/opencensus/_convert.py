"""Turn OpenCensus's values into native ones: the rules, as total functions without effects.

The way back is in `_reverse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from midspan import _trouble
from midspan.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

__all__ = ["CODE", "LINK_TYPE", "MESSAGE", "EventParts", "annotation", "attributes", "kind", "link"]
__all__ += [
    "message_event",
    "moment",
    "name",
    "number",
    "parent_context",
    "stack_text",
    "status",
    "to_iso",
    "to_ns",
]
__all__ += ["trace_state"]

# The canonical code of an error, which a native status has no room for (google/rpc/code.proto).
CODE: Final = "opencensus.status_code"
LINK_TYPE: Final = "opencensus.link_type"
MESSAGE: Final = "message"
MESSAGE_TYPES: Final = {1: "SENT", 2: "RECEIVED"}
LINK_TYPES: Final = {1: "CHILD_LINKED_SPAN", 2: "PARENT_LINKED_SPAN"}

_KINDS: Final = {1: SpanKind.SERVER, 2: SpanKind.CLIENT}
_CODES: Final = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND: Final = timedelta(microseconds=1)
_ISO: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_ISO_OF_SECONDS: Final = "%Y-%m-%dT%H:%M:%SZ"
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_NO_STATE: Final = TraceState()


def to_ns(text: object) -> int | None:
    """Return nanoseconds since the epoch for OpenCensus's ISO time; None, reported, if it is none."""
    try:
        given = text if isinstance(text, datetime) else _read(text)
        # OpenCensus writes UTC; without a zone, Python would take it for local time.
        given = given if given.tzinfo else given.replace(tzinfo=timezone.utc)
        return (given - _EPOCH) // _MICROSECOND * 1_000
    except Exception:  # noqa: BLE001 - any object at all may have been assigned
        _trouble.report("opencensus.time", "a time is text such as 2020-01-31T12:00:00.5Z, not %s", text)
        return None


def _read(text: Any) -> datetime:
    # Both need not be of one form: Python 3.10 reads fractions of three or six digits only, and no "Z".
    if text.endswith("Z"):
        return datetime.strptime(text, _ISO if "." in text else _ISO_OF_SECONDS).replace(tzinfo=timezone.utc)
    return datetime.fromisoformat(text)


def to_iso(time_ns: int) -> str:
    """Return OpenCensus's ISO time, in microseconds, for nanoseconds since the epoch."""
    return moment(time_ns).strftime(_ISO)


def moment(time_ns: int) -> datetime:
    """Return the moment in UTC, in microseconds, for nanoseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=time_ns // 1_000)


def number(text: object, digits: int) -> int:
    """Return the number that an id of up to so many hexadecimal digits stands for; 0 if it is none."""
    if isinstance(text, str) and 0 < len(text) <= digits and _HEX.issuperset(text):
        return int(text, 16)
    return 0


def name(text: object) -> str:
    """Return a span's name as text."""
    if type(text) is str:
        return text
    return "" if text is None else _trouble.safe_str(text)


def kind(code: object) -> SpanKind:
    """Return the native kind; OpenCensus knows servers and clients, the rest is internal."""
    try:
        return _KINDS.get(code, SpanKind.INTERNAL)  # type: ignore[call-overload, no-any-return]
    except TypeError:  # not even hashable
        return SpanKind.INTERNAL


def status(given: Any, ok: Status) -> Status:
    """Return the native status: an error for every canonical code but OK, which becomes `ok`.

    Where there is no message, the description is the code's name.
    """
    code = getattr(given, "code", None)
    if not isinstance(code, int):
        return Status()
    if code == 0:
        return ok
    text = given.message if isinstance(given.message, str) and given.message else code_name(code)
    return Status(StatusCode.ERROR, text)


def code_name(code: int) -> str:
    """Return the name of a canonical code, or its number if it has none."""
    return _CODES[code] if 0 <= code < len(_CODES) else str(code)


def attributes(given: Any) -> dict[Any, Any]:
    """Return attributes without those that are None, which OpenCensus's exporters leave out as well."""
    mapping = getattr(given, "attributes", given)
    if type(mapping) is not dict and not isinstance(mapping, Mapping):
        return {}
    try:
        return {key: value for key, value in mapping.items() if value is not None}
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        _trouble.report("opencensus.attributes", "attributes could not be read", error=error)
        return {}


class EventParts(NamedTuple):
    """What `Span.add_event` takes."""

    name: str
    attributes: dict[Any, Any]
    timestamp_ns: int | None


def annotation(given: Any) -> EventParts:
    """Return the event for an annotation: named by its description."""
    return EventParts(
        name(getattr(given, "description", None)),
        attributes(getattr(given, "attributes", None)),
        to_ns(getattr(given, "timestamp", None)),
    )


def message_event(given: Any) -> EventParts:
    """Return the event for a message event (OpenTelemetry's conventions for messages of a call)."""
    facts = {
        "message.type": MESSAGE_TYPES.get(getattr(given, "type", 0)),
        "message.id": getattr(given, "id", None),
        "message.uncompressed_size": getattr(given, "uncompressed_size_bytes", None),
        "message.compressed_size": getattr(given, "compressed_size_bytes", None),
    }
    return EventParts(MESSAGE, attributes(facts), to_ns(getattr(given, "timestamp", None)))


def link(given: Any) -> Link | None:
    """Return the native link, or None (reported) if its ids are no ids."""
    trace_id = number(getattr(given, "trace_id", None), 32)
    span_id = number(getattr(given, "span_id", None), 16)
    if not trace_id or not span_id:
        _trouble.report("opencensus.link", "a link without a trace id and a span id was dropped")
        return None
    pairs = attributes(getattr(given, "attributes", None))
    relation = LINK_TYPES.get(getattr(given, "type", 0))
    if relation is not None:
        pairs[LINK_TYPE] = relation
    return Link(SpanContext(trace_id, span_id), pairs)


def stack_text(stack_trace: Any) -> str:
    """Return an OpenCensus stack trace as Python writes tracebacks."""
    lines = ["Traceback (most recent call last):"]
    for frame in getattr(stack_trace, "stack_frames", None) or ():
        try:
            file, function = frame["file_name"]["value"], frame["function_name"]["value"]
            lines.append(f'  File "{file}", line {frame["line_number"]}, in {function}')
        except Exception:  # noqa: BLE001 - frames are dictionaries that anybody may have made
            lines.append("  (a frame that cannot be read)")
    return "\n".join(lines)


def trace_state(given: Any) -> TraceState:
    """Return the native trace state for OpenCensus's ordered dictionary; empty if it breaks the grammar."""
    try:
        return TraceState(tuple(given.items())) if given else _NO_STATE
    except Exception:  # noqa: BLE001 - the application's own object, or OpenCensus's laxer grammar
        return _NO_STATE


def parent_context(given: Any) -> SpanContext:
    """Return the native context for an OpenCensus context that is a parent; sampled, for a span was begun."""
    return SpanContext(
        number(given.trace_id, 32),
        number(given.span_id, 16),
        TraceFlags.SAMPLED,
        trace_state(given.tracestate),
        is_remote=True,
    )
