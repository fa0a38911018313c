"""The identity and the baggage of a span, immutable, as OpenTracing code passes them around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import opentracing

from midspan import trace
from midspan.bridges.opentracing._convert import is_a

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SpanContext", "baggage_of", "context_of", "native_of", "values_of"]

_NOTHING: Final[Mapping[Any, Any]] = {}


class SpanContext(opentracing.SpanContext):  # type: ignore[misc]  # it has no types
    """What a span hands to its children, here and in other processes.

    Attributes:
        native: The native span that it names, or for one that arrived from elsewhere, what stands for it.
    """

    __slots__ = ("_baggage", "_values", "native")

    def __init__(
        self,
        native: trace.Span,
        baggage: Mapping[str, str] = _NOTHING,
        values: Mapping[object, object] = _NOTHING,
    ) -> None:
        """Take the native span, and baggage and values of a native context; neither may change afterwards."""
        self.native = native
        self._baggage = baggage
        # What else arrived with it, for the native span below it: a debug id, say.
        self._values = values

    @property
    def baggage(self) -> dict[str, str]:
        """The baggage, as a copy: a context never changes."""
        return dict(self._baggage)

    @property
    def trace_id(self) -> int:
        """The id of the trace; 0 if there is none."""
        return self.native.context.trace_id

    @property
    def span_id(self) -> int:
        """The id of the span; 0 if there is none."""
        return self.native.context.span_id

    @property
    def flags(self) -> int:
        """The flags as jaeger-client has them: 1 for sampled, 2 for debug."""
        context = self.native.context
        return (1 if context.is_sampled else 0) | (2 if context.is_debug else 0)

    def __repr__(self) -> str:
        return f"SpanContext({self.native.context!r}, baggage={dict(self._baggage)!r})"


def context_of(span_or_context: Any) -> Any:
    """Return the context of a span of any tracer, or what was given if that is a context itself."""
    if is_a(span_or_context, SpanContext):
        return span_or_context
    found = _attribute(span_or_context, "context")
    return span_or_context if found is None else found


def native_of(context: Any) -> trace.Span | None:
    """Return the native span that a context of any tracer names, or None if it names none that we could know.

    Other tracers' contexts (jaeger-client's, MockTracer's) have integer ids, as native ones have.
    """
    if is_a(context, SpanContext):
        ours: trace.Span = context.native
        return ours
    if is_a(context, trace.SpanContext):
        return trace.NonRecordingSpan(context)
    trace_id, span_id = _number(context, "trace_id"), _number(context, "span_id")
    if not (0 < trace_id < 1 << 128 and 0 < span_id < 1 << 64):
        return None
    flags = _number(context, "flags", trace.TraceFlags.SAMPLED) & trace.TraceFlags.SAMPLED
    return trace.NonRecordingSpan(trace.SpanContext(trace_id, span_id, flags))


def _number(context: object, name: str, default: int = 0) -> int:
    value = _attribute(context, name)
    return value if is_a(value, int) else default


def _attribute(context: object, name: str) -> Any:
    try:
        return getattr(context, name, None)
    except Exception:  # noqa: BLE001 - a foreign property may raise
        return None


def baggage_of(context: Any) -> Mapping[str, str]:
    """Return the baggage of a context of any tracer; it must not be changed."""
    if is_a(context, SpanContext):
        ours: Mapping[str, str] = context._baggage
        return ours
    found = _attribute(context, "baggage")
    return found if is_a(found, dict) else _NOTHING


def values_of(context: Any) -> Mapping[object, object]:
    """Return what else arrived with a context."""
    return context._values if is_a(context, SpanContext) else _NOTHING
