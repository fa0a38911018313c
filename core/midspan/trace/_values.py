"""The small values of tracing: kinds, statuses, events, links, scopes. They hold data and decide nothing."""

from __future__ import annotations

from types import MappingProxyType

from midspan import _trouble
from midspan._record import IntEnum, NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from midspan.trace._span_context import SpanContext

__all__ = [
    "NO_ATTRIBUTES",
    "UNSET",
    "Event",
    "InstrumentationScope",
    "Link",
    "SpanKind",
    "Status",
    "StatusCode",
    "status_of",
]

NO_ATTRIBUTES: Final[Mapping[str, Any]] = MappingProxyType({})


class SpanKind(IntEnum):
    """The role of a span in a call; the numbers are those of OTLP (trace.proto, `Span.SpanKind`)."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class StatusCode(IntEnum):
    """How a span ended; the numbers are those of OTLP (trace.proto, `Status.StatusCode`)."""

    UNSET = 0
    OK = 1
    ERROR = 2


class Status(NamedTuple):
    """A status code, and for `ERROR` what went wrong."""

    code: StatusCode = StatusCode.UNSET
    description: str = ""


UNSET: Final = Status()


def status_of(code: Any, description: str) -> Status:  # noqa: ANN401 - anything may be given
    """Return the status meant by who gave no `StatusCode`: one of its numbers, or a whole status."""
    if issubclass(type(code), Status):
        code, description = code
        if type(code) is StatusCode:
            return Status(code, description)
    try:
        return Status(StatusCode(code), description)
    except Exception as error:  # noqa: BLE001 - the comparison calls what was given
        _trouble.report("span.bad_status", "%s is no status; it was left as it was", code, error=error)
        return UNSET


class InstrumentationScope(NamedTuple):
    """Who made a span or a metric: the name and version given to `get_tracer` or `get_meter`."""

    name: str
    version: str = ""
    schema_url: str = ""
    # Pairs, not a mapping: a scope is a key of dictionaries.
    attributes: tuple[tuple[str, Any], ...] = ()


class Event:
    """Something that happened at one moment of a span."""

    __slots__ = ("attributes", "dropped_attributes", "name", "timestamp_ns")

    def __init__(
        self,
        name: str,
        timestamp_ns: int,
        attributes: Mapping[str, Any] = NO_ATTRIBUTES,
        dropped_attributes: int = 0,
    ) -> None:
        """Take a name, nanoseconds since the epoch, and attributes that must not change afterwards."""
        self.name = name
        self.timestamp_ns = timestamp_ns
        self.attributes = attributes
        self.dropped_attributes = dropped_attributes

    def __repr__(self) -> str:
        return f"Event({self.name!r}, {self.timestamp_ns}, {dict(self.attributes)!r})"


class Link:
    """A reference from a span to another span, of this trace or of any other."""

    __slots__ = ("attributes", "context", "dropped_attributes")

    def __init__(
        self,
        context: SpanContext,
        attributes: Mapping[str, Any] = NO_ATTRIBUTES,
        dropped_attributes: int = 0,
    ) -> None:
        """Take the context of the other span, and attributes that must not change afterwards."""
        self.context = context
        self.attributes = attributes
        self.dropped_attributes = dropped_attributes

    def __repr__(self) -> str:
        return f"Link({self.context!r}, {dict(self.attributes)!r})"
