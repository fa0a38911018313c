"""Spans that record nothing, and carry the identity of a trace on."""

from __future__ import annotations

from midspan.trace._span import DEBUG, Span
from midspan.trace._span_context import INVALID
from midspan.trace._tracestate import EMPTY
from midspan.trace._values import UNSET, InstrumentationScope, SpanKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from midspan.trace._span_context import SpanContext
    from midspan.trace._tracestate import TraceState

__all__ = ["NOOP_SPAN", "NonRecordingSpan", "RemoteSpan", "UnsampledRoot"]

_new: Final = object.__new__

_NOBODY: Final = InstrumentationScope("")


class NonRecordingSpan(Span):
    """A span whose verbs do nothing: an unsampled one, or the other end of a propagated context."""

    __slots__ = ()

    # Class attributes stand in for the slots that such a span never fills: it costs five assignments.
    name = ""
    kind = SpanKind.INTERNAL
    parent = None
    start_ns = 0
    end_ns = None
    status = UNSET
    _limits = None
    _attributes = None
    _events = None
    _links = None
    _dropped = None

    def __init__(self, context: SpanContext) -> None:
        """Carry `context`; its identity is what children and propagators see."""
        self._trace_id = context.trace_id
        self._span_id = context.span_id
        self._flags = context.trace_flags | (DEBUG if context.is_debug else 0)
        self._trace_state = context.trace_state
        self._context = context
        self._views = None

    @classmethod
    def of_ids(cls, trace_id: int, span_id: int, flags: int, trace_state: TraceState) -> NonRecordingSpan:
        """Make one for an unsampled span; its context object comes into being when it is asked for."""
        span = _new(cls)
        span._trace_id = trace_id
        span._span_id = span_id
        span._flags = flags
        span._trace_state = trace_state
        span._context = None
        span._views = None
        return span

    @property
    def attributes(self) -> dict[str, Any]:
        """Nothing: an empty dictionary."""
        return {}

    @property
    def resource(self) -> Any:  # noqa: ANN401 - as in Span
        """Nothing: no pipeline holds this span."""
        return None

    @property
    def scope(self) -> InstrumentationScope:
        """A scope without a name."""
        return _NOBODY

    def end(self, end_ns: int | None = None) -> None:
        """Do nothing."""

    def _late(self, verb: str) -> None:
        """Stay silent: verbs on such a span are no mistake."""

    def __repr__(self) -> str:
        return f"NonRecordingSpan({self._trace_id:032x}-{self._span_id:016x})"


class RemoteSpan(NonRecordingSpan):
    """What the headers of a request name, filled slot by slot by whoever read them."""

    __slots__ = ()

    __init__ = object.__init__

    # The slot itself: whoever makes one has its context at hand, and to look at it costs no call.
    context = Span._context  # type: ignore[assignment, misc]


class UnsampledRoot(NonRecordingSpan):
    """The unsampled beginning of a trace. Most are never looked at, so ids are made when asked for."""

    __slots__ = ()

    # Whoever starts one fills three slots: `_recorder` (what will make the ids), `_context` and `_views`.
    __init__ = object.__init__

    @property
    def context(self) -> SpanContext:
        """The identity to propagate."""
        if self._context is None:
            context: SpanContext = self._recorder.unsampled_context()  # type: ignore[attr-defined]
            # No call between this test and the assignment: two threads that ask get the same ids.
            if self._context is None:
                self._context = context
        return self._context

    @property
    def _trace_id(self) -> int:  # type: ignore[override]
        return self.context.trace_id

    @property
    def _span_id(self) -> int:  # type: ignore[override]
        return self.context.span_id

    @property
    def _flags(self) -> int:  # type: ignore[override]
        return self.context.trace_flags

    _trace_state = EMPTY


NOOP_SPAN: Final = NonRecordingSpan(INVALID)
