"""The OpenTracing span: a thin view of a native one, which holds everything that is exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import opentracing

from midspan import _trouble
from midspan import context as _context
from midspan.bridges.opentracing import _convert, _sampling, _views
from midspan.bridges.opentracing._convert import PLAIN, SEMANTIC, is_a
from midspan.bridges.opentracing._span_context import SpanContext

if TYPE_CHECKING:
    import weakref
    from collections.abc import Mapping
    from types import TracebackType

    from midspan import trace
    from midspan.bridges.opentracing._sampling import Seed
    from midspan.bridges.opentracing._scope import Scope
    from midspan.bridges.opentracing._tracer import Tracer

__all__ = ["Span"]


class Span(opentracing.Span):  # type: ignore[misc]  # it has no types
    """A span as OpenTracing knows it; `native` is the one that is recorded.

    It has a `__dict__`, because libraries hang their own attributes on spans and replace its methods.
    """

    # Slots are stored to faster; the `__dict__` that it has besides is OpenTracing's doing.
    __slots__ = ("_baggage", "_borrowed", "_entered", "_kept_context", "_native", "_seed", "_tracer")

    def __init__(
        self, tracer: Tracer, native: trace.Span, baggage: Mapping[str, str], seed: Seed | None = None
    ) -> None:
        """Take baggage that must not change, and for an unsampled span what could start it again."""
        self._tracer = tracer
        self._native = native
        self._baggage = baggage
        self._seed = seed
        self._kept_context: SpanContext | None = None
        # The newest of the contexts in which this span is active; each knows the one before it.
        self._entered: Any = None
        # The scope through which native code's activation of this span is seen, if somebody looked.
        self._borrowed: weakref.ref[Scope] | None = None

    @property
    def native(self) -> trace.Span:
        """The native span; where it is made current, this very object is OpenTracing's active span."""
        native = self._native
        _views.remember(native, self)
        return native

    @property
    def context(self) -> SpanContext:
        """The identity and the baggage, as they are now."""
        context = self._kept_context
        if context is None:
            context = self._kept_context = SpanContext(self._native, self._baggage)
        return context

    @property
    def tracer(self) -> Tracer:
        """The tracer that made the span, or that saw it first."""
        return self._tracer

    @property
    def operation_name(self) -> str:
        """The name; empty if the span is not recorded."""
        return self._native.name

    @property
    def trace_id(self) -> int:
        """The id of the trace."""
        return self._native.context.trace_id

    @property
    def span_id(self) -> int:
        """The id of the span."""
        return self._native.context.span_id

    @property
    def parent_id(self) -> int | None:
        """The id of the parent; None if there is none, or the span is not recorded."""
        parent = self._native.parent
        return None if parent is None else parent.span_id

    @property
    def flags(self) -> int:
        """The flags as jaeger-client has them: 1 for sampled, 2 for debug."""
        return self.context.flags

    def set_operation_name(self, operation_name: str) -> Span:
        """Rename the span."""
        self._native.update_name(_convert.name(operation_name))
        return self

    def set_tag(self, key: str, value: Any) -> Span:
        """Set a tag: a string, bool or number; any other value becomes its text.

        `error`, `span.kind` and `sampling.priority` go to the native status, kind and sampling decision.
        """
        try:
            is_plain = value.__class__ in PLAIN and key not in SEMANTIC
        except Exception:  # noqa: BLE001 - a key that cannot be hashed, a proxy that has lost its object
            is_plain = False
        if is_plain:
            self._native.set_attribute(key, value)
        else:
            self._set_odd_tag(key, value)
        return self

    def _set_odd_tag(self, key: str, value: Any) -> None:
        native = self._native
        if not is_a(key, str):
            native.set_attribute(_trouble.safe_str(key), _convert.tag(value))
        elif key == _convert.SPAN_KIND and (kind := _convert.kind(value)) is not None:
            native.set_kind(kind)
        elif key == _convert.SAMPLING_PRIORITY and (priority := _convert.priority(value)) is not None:
            _sampling.reprioritize(self, priority)
        elif key == _convert.ERROR:
            self._set_error(value)
        else:
            native.set_attribute(key, _convert.tag(value))

    def _set_error(self, value: Any) -> None:
        native = self._native
        status = _convert.status(value)
        if status is None:
            native.set_attribute(_convert.ERROR, _convert.tag(value))
        elif native.is_recording():
            # Not by `set_status`: there OK is final, but of OpenTracing's tags the last one counts.
            native.status = status

    def log_kv(self, key_values: Mapping[str, Any], timestamp: float | None = None) -> Span:
        """Add an event named by the value of `event`, else `log`; with `event` = `error`, an exception."""
        native = self._native
        if native.is_recording():
            log = _convert.log(key_values)
            timestamp_ns = _convert.to_ns(timestamp)
            if log.exception is None:
                native.add_event(log.name, log.attributes, timestamp_ns)
            else:
                native.record_exception(log.exception, log.attributes, timestamp_ns)
        return self

    def set_baggage_item(self, key: str, value: str | None) -> Span:
        """Set one baggage value for this span and what will run under it; None removes it."""
        key = key if type(key) is str else _trouble.safe_str(key)
        text = value if value is None or is_a(value, str) else _trouble.safe_str(value)
        self._baggage = _with(self._baggage, key, text)
        self._kept_context = None
        entered = self._entered
        while entered is not None:
            entered.baggage = _with(entered.baggage, key, text)
            entered = entered.other
        current = _context.current()
        # A native context around the same span: it must see the change as well.
        if current.baggage.get(key) != text:
            _context.amend_baggage(self._native, _with(current.baggage, key, text))
        return self

    def get_baggage_item(self, key: str) -> str | None:
        """Return one baggage value, or None."""
        return self._baggage.get(key)

    def finish(self, finish_time: float | None = None) -> None:
        """End the span, now or at `finish_time` (seconds since the epoch). A second call does nothing."""
        native = self._native
        if native.end_ns is None:
            native.end(None if finish_time is None else _convert.to_ns(finish_time))

    def forget(self, entered: Any) -> None:
        """Drop one of the contexts in which the span is active."""
        if self._entered is entered:
            self._entered = entered.other
            return
        link = self._entered
        while link is not None and link.other is not entered:
            link = link.other
        if link is not None:
            link.other = entered.other

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # OpenTracing 2.0's own method neither sets the error tag nor names the event.
        if exc is not None:
            log_error(self, exc)
        self.finish()

    def __repr__(self) -> str:
        return f"Span({self._native!r})"


def log_error(span: Any, error: BaseException) -> None:
    """Mark a span of any tracer as failed by an exception, as OpenTracing's `with` blocks do."""
    span.set_tag(_convert.ERROR, True)
    span.log_kv(
        {
            "event": "error",
            "message": _trouble.safe_str(error),
            "error.object": error,
            "error.kind": type(error),
            "stack": error.__traceback__,
        }
    )


def _with(baggage: Mapping[str, str], key: str, value: str | None) -> Mapping[str, str]:
    changed = {**baggage}
    if value is None:
        changed.pop(key, None)
    else:
        changed[key] = value
    return changed
