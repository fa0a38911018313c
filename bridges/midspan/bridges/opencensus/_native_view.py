"""An OpenCensus span that stands for a native one: what is done to it is done to the native span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opencensus.trace import span as oc_span
from opencensus.trace.link import Link
from opencensus.trace.status import Status

from midspan.bridges.opencensus import _convert, _reverse
from midspan.bridges.opencensus._buffers import Attributes, Lazy
from midspan.bridges.opencensus._span import child_of
from midspan.bridges.opencensus._views import Known, parent_of
from midspan.trace import SpanKind, StatusCode
from midspan.trace import Status as NativeStatus

if TYPE_CHECKING:
    from types import TracebackType

    from midspan import trace
    from midspan.context import Context

__all__ = ["NativeView"]


class _Through(Attributes):
    """Attributes that are the native span's own."""

    def __init__(self, native: trace.Span) -> None:
        self._native = native
        self.maxlen = oc_span.MAX_NUM_ATTRIBUTES
        self.dropped = 0
        self._dict = native.attributes

    def __setitem__(self, key: Any, value: Any) -> None:
        if value is not None:
            self._native.set_attribute(key, value)


class NativeView(Known, oc_span.Span):  # type: ignore[misc]  # it has no types
    """A view of a span that native code, or OpenTracing's, started.

    OpenCensus code can add to it; it neither starts nor ends it, which is for whoever started it.
    """

    same_process_as_parent_span: Any = None
    context_tracer: Any = None
    _entered = None
    # The context in which the view was last looked up: made current again, it is restored whole.
    _seen_in: Context

    def __init__(self, native: trace.Span) -> None:
        self._native = native

    span_id = Lazy(lambda self: f"{self._native._span_id:016x}")
    parent_span = Lazy(lambda self: parent_of(self._native))
    attributes = Lazy(lambda self: _Through(self._native))
    _child_spans = Lazy(lambda _: [])

    @property
    def name(self) -> str:
        """The native name."""
        return self._native.name

    @name.setter
    def name(self, value: Any) -> None:
        self._native.update_name(_convert.name(value))

    @property
    def span_kind(self) -> int:
        """The native kind, in OpenCensus's numbers."""
        return _reverse.kind(self._native.kind)

    @span_kind.setter
    def span_kind(self, value: Any) -> None:
        if _convert.kind(value) is not SpanKind.INTERNAL:
            self._native.set_kind(_convert.kind(value))

    @property
    def status(self) -> Any:
        """The native status."""
        return _reverse.status(self._native)

    @status.setter
    def status(self, value: Any) -> None:
        self._native.set_status(_convert.status(value, NativeStatus(StatusCode.OK)))

    @property
    def start_time(self) -> Any:
        """When the native span started."""
        return _convert.to_iso(self._native.start_ns) if self._native.start_ns else None

    @property
    def end_time(self) -> Any:
        """When the native span ended, or None."""
        return None if self._native.end_ns is None else _convert.to_iso(self._native.end_ns)

    @property
    def annotations(self) -> list[Any]:
        """The native events."""
        return [_reverse.annotation(event) for event in self._native.events if not _reverse.is_message(event)]

    @property
    def message_events(self) -> list[Any]:
        """The native events that are messages."""
        return [_reverse.message_event(event) for event in self._native.events if _reverse.is_message(event)]

    @property
    def links(self) -> list[Any]:
        """The native links."""
        return [_reverse.link(link) for link in self._native.links]

    @property
    def stack_trace(self) -> Any:
        """Nothing: a native span holds text."""
        return None

    @stack_trace.setter
    def stack_trace(self, value: Any) -> None:
        if value is not None:
            self._native.add_event("exception", {"exception.stacktrace": _convert.stack_text(value)})

    def add_annotation(self, description: Any, **attrs: Any) -> None:
        """Add an event."""
        self._native.add_event(_convert.name(description), _convert.attributes(attrs))

    def add_message_event(self, message_event: Any) -> None:
        """Add a message as an event."""
        self._native.add_event(*_convert.message_event(message_event))

    def add_link(self, link: Any) -> None:
        """Add a link.

        Raises:
            TypeError: It is no `Link`.
        """
        if not isinstance(link, Link):
            raise TypeError(f"expected a Link, not {type(link).__name__}")
        native = _convert.link(link)
        if native is not None:
            self._native.add_link(native.context, native.attributes)

    def set_status(self, status: Any) -> None:
        """Set the status.

        Raises:
            TypeError: It is no `Status`.
        """
        if not isinstance(status, Status):
            raise TypeError(f"expected a Status, not {type(status).__name__}")
        self.status = status

    def span(self, name: Any = "child_span") -> Any:
        """Start a child that is not made current; `finish` ends it, since nobody here ends its parent."""
        child = child_of(self, name)
        child._ends_at_finish = True
        self._child_spans.append(child)
        return child

    def start(self) -> None:
        """Do nothing: it has started."""

    def finish(self) -> None:
        """Do nothing: whoever started the native span ends it."""

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exception_value is not None:
            self._native.fail(exception_value)
