"""The span: its own record.

One slotted object from start to export. Attributes, events and links come into being when first used;
nothing here takes a lock, formats, sorts or copies. When a span ends, the object itself goes to the
pipeline; from then on it is read-only.
"""

from __future__ import annotations

from midspan import _trouble
from midspan.trace import _exceptions
from midspan.trace._attributes import clean_attributes, clean_key, clean_text, clean_value, plain_copy
from midspan.trace._span_context import SpanContext, TraceFlags
from midspan.trace._times import whole_ns
from midspan.trace._values import NO_ATTRIBUTES, Event, Link, SpanKind, Status, StatusCode, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Any, Final

    from midspan.trace._limits import SpanLimits
    from midspan.trace._seam import SpanOwner
    from midspan.trace._tracestate import TraceState
    from midspan.trace._values import InstrumentationScope

__all__ = ["DEBUG", "Span"]

# Beside the eight W3C bits, a span's flags hold what midspan must hand to its children.
DEBUG: Final = 0x100
SUPPRESSED: Final = 0x200
_W3C: Final = 0xFF
_LOCAL: Final = False  # SpanContext.is_remote; by position, which is twice as fast as by name


class _RecordedEvent(Event):
    """An event that is filled slot by slot: `Event(...)` costs twice as much."""

    __slots__ = ()

    __init__ = object.__init__


class Span:
    """One operation, timed. Made by `Tracer.start_span`, ended by `end`; safe to use from any thread.

    After `end` every verb is ignored, counted, and said once. Times are nanoseconds since the epoch.
    """

    # There is no __init__: whoever starts a span fills the slots, which is twice as fast (see sdk/_recorder).

    __slots__ = (
        "_attributes",
        "_clock_offset_ns",
        "_context",
        "_dropped",
        "_events",
        "_flags",
        "_limits",
        "_links",
        "_recorder",
        "_span_id",
        "_trace_id",
        "_trace_state",
        "_views",
        "end_ns",
        "kind",
        "name",
        "parent",
        "start_ns",
        "status",
    )

    name: str
    kind: SpanKind
    parent: SpanContext | None
    start_ns: int
    end_ns: int | None
    status: Status
    _trace_id: int
    _span_id: int
    _flags: int
    _trace_state: TraceState
    _clock_offset_ns: int
    _attributes: dict[str, Any] | None
    _events: list[Event] | None
    _links: list[Link] | None
    _limits: SpanLimits | None
    _recorder: SpanOwner
    _context: SpanContext | None
    _views: tuple[Any, ...] | None
    _dropped: list[int] | None

    @property
    def context(self) -> SpanContext:
        """The identity to propagate."""
        context = self._context
        if context is None:
            flags = self._flags
            context = self._context = SpanContext(
                self._trace_id, self._span_id, flags & _W3C, self._trace_state, _LOCAL, flags & DEBUG != 0
            )
        return context

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes; read them, and change them only in a processor, before the export."""
        attributes = self._attributes
        if attributes is None:
            attributes = self._attributes = {}
        return attributes

    @property
    def events(self) -> Sequence[Event]:
        """The events, in the order in which they were added."""
        return self._events or ()

    @property
    def links(self) -> Sequence[Link]:
        """The links, in the order in which they were added."""
        return self._links or ()

    @property
    def resource(self) -> Any:  # noqa: ANN401 - a Resource; that package rests beside this one
        """What runs: the `midspan.resource.Resource` of the pipeline."""
        return self._recorder.resource

    @property
    def scope(self) -> InstrumentationScope:
        """Who made the span."""
        return self._recorder.scope

    @property
    def dropped_attributes(self) -> int:
        """How many attributes did not fit."""
        return 0 if self._dropped is None else self._dropped[0]

    @property
    def dropped_events(self) -> int:
        """How many events did not fit."""
        return 0 if self._dropped is None else self._dropped[1]

    @property
    def dropped_links(self) -> int:
        """How many links did not fit."""
        return 0 if self._dropped is None else self._dropped[2]

    def is_recording(self) -> bool:
        """Say whether the verbs of this span still have an effect."""
        return self._limits is not None

    def set_attribute(self, key: str, value: Any) -> None:  # noqa: ANN401 - any value is accepted and cleaned
        """Set one attribute, replacing an earlier value; an unsupported type becomes its text."""
        limits = self._limits
        if limits is None:
            self._late("set_attribute")
            return
        kind = type(value)
        if kind is str:
            if len(value) > limits.value_length:
                value = clean_value(value, limits.value_length)
        elif kind is not int and kind is not float and kind is not bool:
            value = clean_value(value, limits.value_length)
        if type(key) is not str or not key:
            good = clean_key(key)
            if good is None:
                self._drop(0)
                return
            key = good
        attributes = self._attributes
        if attributes is None and limits.attributes:
            self._attributes = {key: value}
        elif attributes is not None and (len(attributes) < limits.attributes or key in attributes):
            attributes[key] = value
        else:
            self._drop(0)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set several attributes."""
        try:
            for key, value in attributes.items():
                self.set_attribute(key, value)
        except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
            _trouble.report("attributes.unreadable", "attributes could not be read", error=error)

    def add_event(
        self,
        name: str,
        attributes: Mapping[str, Any] | None = None,
        timestamp_ns: int | None = None,
    ) -> None:
        """Add an event, now or at `timestamp_ns` (nanoseconds since the epoch)."""
        limits = self._limits
        if limits is None:
            self._late("add_event")
            return
        if timestamp_ns is None:
            clock = self._recorder.monotonic_ns
            timestamp_ns = clock() + self._clock_offset_ns
        else:
            timestamp_ns = whole_ns(timestamp_ns, self._recorder.monotonic_ns, self._clock_offset_ns)
        events = self._events
        if (0 if events is None else len(events)) >= limits.events:
            self._drop(1)
            return
        kept: Mapping[str, Any] | None = NO_ATTRIBUTES
        dropped = 0
        if attributes is not None:
            kept = plain_copy(attributes, limits.event_attributes, limits.value_length)
            if kept is None:
                kept, dropped = clean_attributes(attributes, limits.event_attributes, limits.value_length)
        event = _RecordedEvent()
        event.name = name
        event.timestamp_ns = timestamp_ns
        event.attributes = kept if kept is not None else NO_ATTRIBUTES
        event.dropped_attributes = dropped
        # Read again: since the first time another thread may have added the first event.
        events = self._events
        if events is None:
            self._events = [event]
        else:
            events.append(event)

    def add_link(self, context: SpanContext | Span, attributes: Mapping[str, Any] | None = None) -> None:
        """Refer to another span."""
        limits = self._limits
        if limits is None:
            self._late("add_link")
            return
        if type(context) is not SpanContext:
            if not issubclass(type(context), Span):
                _trouble.report("span.bad_link", "a link to %s, which is no span context", context)
                return
            context = context.context  # type: ignore[union-attr]
        links = self._links
        if links is None:
            links = self._links = []
        if len(links) >= limits.links:
            self._drop(2)
            return
        if attributes is None:
            attributes = NO_ATTRIBUTES
        cleaned, dropped = clean_attributes(attributes, limits.link_attributes, limits.value_length)
        links.append(Link(context, cleaned or NO_ATTRIBUTES, dropped))

    def set_status(self, code: StatusCode | Status, description: str = "") -> None:
        """Say how the operation ended. `OK` is final; `UNSET` changes nothing; only `ERROR` is described."""
        limits = self._limits
        if limits is None:
            self._late("set_status")
            return
        if type(code) is not StatusCode:
            code, description = status_of(code, description)
        if self.status.code is StatusCode.OK or code is StatusCode.UNSET:
            return
        if code is not StatusCode.ERROR:
            description = ""
        elif type(description) is not str or len(description) > limits.value_length:
            description = clean_text(description, limits.value_length)
        self.status = Status(code, description)

    def update_name(self, name: str) -> None:
        """Rename the span."""
        if self._limits is None:
            self._late("update_name")
            return
        self.name = name

    def set_kind(self, kind: SpanKind) -> None:
        """Set the kind after the start, for interfaces that learn it late. Samplers have decided already."""
        if self._limits is None:
            self._late("set_kind")
            return
        self.kind = kind

    def withdraw(self) -> None:
        """Take the span back: processors still see it, but it is not exported, nor announced as sampled.

        What was already propagated is not undone.
        """
        if self._limits is None:
            self._late("withdraw")
            return
        self._flags &= ~(TraceFlags.SAMPLED | DEBUG)
        self._context = None
        self._recorder = self._recorder.unexported

    def force(self) -> None:
        """Demand that the span is exported, and every span below it recorded: the opposite of `withdraw`.

        Propagators of formats that know a debug flag send the demand on.
        """
        if self._limits is None:
            self._late("force")
            return
        self._flags |= TraceFlags.SAMPLED | DEBUG
        self._context = None
        self._recorder = self._recorder.exported

    def record_exception(
        self,
        exception: BaseException,
        attributes: Mapping[str, Any] | None = None,
        timestamp_ns: int | None = None,
    ) -> None:
        """Add an `exception` event with type, message and stack trace; the status is not touched."""
        if self._limits is None:
            self._late("record_exception")
            return
        self.add_event("exception", _exceptions.attributes_of(exception, attributes), timestamp_ns)

    def end(self, end_ns: int | None = None) -> None:
        """End the span, now or at `end_ns`, and hand it to the pipeline. A second end is ignored.

        An end before the start counts as the start: a duration is never negative.
        """
        recorder = self._recorder
        if end_ns is None:
            # A function in a local name: the interpreter calls an attribute of an instance twice as slowly.
            clock = recorder.monotonic_ns
            end_ns = clock() + self._clock_offset_ns
        else:
            end_ns = whole_ns(end_ns, recorder.monotonic_ns, self._clock_offset_ns)
        if end_ns < self.start_ns:  # noqa: PLR1730 - a call to `max` costs 50 ns
            end_ns = self.start_ns
        # Neither call nor jump between this test and the assignment: the interpreter switches threads at
        # those, and two threads that both pass the test would hand the span on twice.
        if self.end_ns is None:
            self.end_ns = end_ns
        else:
            self._late("end")
            return
        if not recorder.seals_late:
            self._limits = None
        hand_on = recorder.on_end
        hand_on(self)

    def __enter__(self) -> Span:  # noqa: PYI034 - Self is newer than Python 3.10
        """Use the span as a block: it ends with it, but it is not made current (see `trace.use_span`)."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None:
            self.fail(exc)
        self.end()

    def fail(self, error: BaseException, record: bool = True, set_status: bool = True) -> None:  # noqa: FBT001, FBT002 - two independent switches
        """Treat `error` as what ended the operation: record it and set the status, if it is a failure.

        `SystemExit`, `KeyboardInterrupt`, `GeneratorExit` and cancellation are not.
        """
        if self._limits is None or not issubclass(type(error), Exception):
            return
        if record:
            self.record_exception(error)
        if set_status:
            self.set_status(StatusCode.ERROR, _exceptions.describe(error))

    def _drop(self, which: int) -> None:
        if self._dropped is None:
            self._dropped = [0, 0, 0]
        self._dropped[which] += 1

    def _late(self, verb: str) -> None:
        _trouble.report("span.used_after_end", "%s was called on the ended span %s", verb, self.name)

    def __repr__(self) -> str:
        state = "recording" if self.end_ns is None else f"{(self.end_ns - self.start_ns) / 1e6:.3f} ms"
        return f"Span({_trouble.describe(self.name)!r}, {self._trace_id:032x}-{self._span_id:016x}, {state})"
