"""Turn OpenTracing's values into native ones: the rules, as total functions without effects."""

from __future__ import annotations

import numbers
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

from midspan import _trouble
from midspan.trace import SpanKind, Status, StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "NO_TAGS",
    "PLAIN",
    "SEMANTIC",
    "Log",
    "StartTags",
    "is_a",
    "kind",
    "log",
    "name",
    "priority",
    "start_tags",
    "status",
    "tag",
    "to_ns",
]

T = TypeVar("T")

# What OpenTracing allows as a tag's value; everything else becomes text.
PLAIN: Final = frozenset({str, bool, int, float})

SPAN_KIND: Final = "span.kind"
ERROR: Final = "error"
SAMPLING_PRIORITY: Final = "sampling.priority"
# The tags that have a place of their own in a native span.
SEMANTIC: Final = frozenset({SPAN_KIND, ERROR, SAMPLING_PRIORITY})

_KINDS: Final = {
    "client": SpanKind.CLIENT,
    "server": SpanKind.SERVER,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_STATUSES: Final = {
    "true": Status(StatusCode.ERROR),
    "false": Status(StatusCode.OK),
}
_LATEST_S: Final = (1 << 63) / 1e9


def to_ns(seconds: float | None) -> int | None:
    """Return nanoseconds since the epoch for OpenTracing's seconds; None, "now", if they make no sense."""
    if seconds is None:
        return None
    try:
        if 0 <= seconds < _LATEST_S:
            # Whole seconds and the rest apart: the product of both would lose the nanoseconds of an int.
            whole = int(seconds)
            return whole * 1_000_000_000 + round((seconds - whole) * 1e9)
    except Exception:  # noqa: BLE001, S110 - any object at all may have been given
        pass
    _trouble.report("opentracing.time", "a time is seconds since the epoch, not %s; taken as now", seconds)
    return None


def name(operation_name: object) -> str:
    """Return a span's name; an operation without one has the empty name."""
    if type(operation_name) is str:
        return operation_name
    return "" if operation_name is None else _text(operation_name)


def tag(value: object) -> Any:
    """Return a tag's or a log field's value as a string, bool or number, as OpenTracing allows them."""
    return value if type(value) in PLAIN or is_a(value, (str, numbers.Number)) else _text(value)


def is_a(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Say whether a value is an instance; by its type, for asking it may raise, as an unbound proxy does."""
    return issubclass(type(value), kinds)


def _text(value: Any) -> str:
    if is_a(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return _type_name(value) if is_a(value, type) else _trouble.safe_str(value)


def kind(value: Any) -> SpanKind | None:
    """Return the native kind for a `span.kind` tag, or None if it is none that OpenTracing knows."""
    return _KINDS.get(value.lower()) if is_a(value, str) else None


def status(value: Any) -> Status | None:
    """Return the native status for an `error` tag; None if it is neither true nor false.

    Both are also understood as text, in any case: libraries set `"true"`.
    """
    if is_a(value, (bool, str)):
        return _STATUSES.get(str(value).lower())
    return None


def priority(value: object) -> int | None:
    """Return a `sampling.priority` as a number, or None if it is none."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except Exception:  # noqa: BLE001 - any object at all may have been given
        return None


# The tags that a span starts with, each kind of them in its place: attributes, kind, status, priority.
StartTags: TypeAlias = "tuple[Mapping[str, Any] | None, SpanKind, Status | None, int | None]"
NO_TAGS: Final[StartTags] = (None, SpanKind.INTERNAL, None, None)
_INTERNAL: Final = SpanKind.INTERNAL


def start_tags(tags: Mapping[str, Any]) -> StartTags:
    """Sort the tags of a new span; a semantic tag whose value says nothing stays an attribute."""
    try:
        is_plain = PLAIN.issuperset(map(type, tags.values()))
        if is_plain and SEMANTIC.isdisjoint(tags):
            return tags, _INTERNAL, None, None
        attributes = dict(tags) if is_plain else {key: tag(value) for key, value in tags.items()}
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        _trouble.report("opentracing.tags", "the tags of a span could not be read", error=error)
        return NO_TAGS
    found_kind, found_status, found_priority = None, None, None
    if SPAN_KIND in attributes:
        found_kind = _taken(attributes, SPAN_KIND, kind)
    if ERROR in attributes:
        found_status = _taken(attributes, ERROR, status)
    if SAMPLING_PRIORITY in attributes:
        found_priority = _taken(attributes, SAMPLING_PRIORITY, priority)
    return attributes, found_kind or _INTERNAL, found_status, found_priority


def _taken(attributes: dict[str, Any], key: str, convert: Callable[[object], T | None]) -> T | None:
    """Take a semantic tag out, converted; leave it where it is if there is no native value for it."""
    found = convert(attributes[key])
    if found is not None:
        del attributes[key]
    return found


class Log(NamedTuple):
    """A log record as an event; with `exception`, it is to be recorded as one."""

    name: str
    attributes: dict[str, Any]
    exception: BaseException | None = None


def log(key_values: Mapping[str, Any]) -> Log:
    """Turn the pairs of `log_kv` into an event, or into the record of an exception if `event` is `error`."""
    try:
        pairs = dict(key_values)
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        _trouble.report("opentracing.log", "the pairs of a log could not be read", error=error)
        return Log("log", {})
    event = pairs.pop("event", None)
    title = "log" if event is None else _text(event)
    thrown = _thrown(pairs)
    if title == ERROR:
        return _error_log(pairs, thrown)
    if thrown is not None:
        # Libraries log exceptions under names of their own too: name and stack would be lost with the object.
        pairs.update(_facts(type(thrown), thrown, thrown.__traceback__))
    return Log(title, _fields(pairs))


def _thrown(pairs: Mapping[str, Any]) -> BaseException | None:
    for key in ("error.object", "payload"):
        if is_a(pairs.get(key), BaseException):
            found: BaseException = pairs[key]
            return found
    return None


def _error_log(pairs: dict[str, Any], thrown: BaseException | None) -> Log:
    """Map OpenTracing's conventions for errors to OpenTelemetry's for exceptions."""
    error_kind, stack = pairs.pop("error.kind", None), pairs.pop("stack", None)
    if thrown is None:
        return Log("exception", _described(pairs, error_kind, stack))
    pairs = {key: value for key, value in pairs.items() if value is not thrown}
    # What the exception says itself is not said twice.
    if pairs.get("message") == _trouble.safe_str(thrown):
        del pairs["message"]
    if error_kind is not None and _text(error_kind) not in (_type_name(type(thrown)), type(thrown).__name__):
        pairs["error.kind"] = error_kind
    if is_a(stack, TracebackType):
        if thrown.__traceback__ is None:
            pairs["exception.stacktrace"] = _facts(type(thrown), thrown, stack)["exception.stacktrace"]
    elif stack is not None:
        pairs["stack"] = stack
    return Log("exception", _fields(pairs), thrown)


def _described(pairs: dict[str, Any], error_kind: Any, stack: Any) -> dict[str, Any]:
    """Name the parts of an error for which there is no exception object."""
    if error_kind is None and is_a(pairs.get("error.object"), type):
        error_kind = pairs.pop("error.object")
    if error_kind is not None:
        pairs["exception.type"] = error_kind
    if "message" in pairs:
        pairs["exception.message"] = pairs.pop("message")
    if is_a(stack, TracebackType):
        stack = "".join(traceback.format_tb(stack))
    if stack is not None:
        pairs["exception.stacktrace"] = stack
    return _fields(pairs)


def _fields(pairs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tag(value) for key, value in pairs.items()}


def _facts(error_type: type, error: BaseException, stack: TracebackType | None) -> dict[str, Any]:
    """Return type, message and stack trace under the names of the semantic conventions for exceptions."""
    try:
        lines = traceback.format_exception(error_type, error, stack)
    except Exception:  # noqa: BLE001 - formatting calls the exception's own methods
        lines = traceback.format_tb(stack)
    return {
        "exception.type": _type_name(error_type),
        "exception.message": _trouble.safe_str(error),
        "exception.stacktrace": "".join(lines),
    }


def _type_name(of: type) -> str:
    return of.__qualname__ if of.__module__ == "builtins" else f"{of.__module__}.{of.__qualname__}"
