"""Read and set the current span."""

from __future__ import annotations

from midspan import _trouble
from midspan import context as _context
from midspan.context import EMPTY, Context
from midspan.trace._nonrecording import NOOP_SPAN, NonRecordingSpan
from midspan.trace._span import SUPPRESSED, Span
from midspan.trace._span_context import SpanContext
from midspan.trace._tracestate import EMPTY as NO_STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Final

__all__ = ["CURRENT", "context_of", "get_current_span", "is_suppressed", "suppressed", "use_span"]

# The default of every `parent` argument: whatever is current. None, on the other hand, asks for a root.
CURRENT: Final = Context()


def get_current_span() -> Span:
    """Return the current span; one that records nothing if there is none."""
    return _context.current().span or NOOP_SPAN


def context_of(parent: Span | SpanContext | Context | None) -> Context:
    """Return the context that a `parent` argument means; where tracing is suppressed, it stays so."""
    current = _context.current()
    if parent is CURRENT or current.span is _SUPPRESSOR:
        return current
    kind = type(parent)
    if issubclass(kind, Context):
        return parent  # type: ignore[return-value]
    if issubclass(kind, SpanContext):
        return current.with_span(NonRecordingSpan(parent))  # type: ignore[arg-type]
    if parent is None or issubclass(kind, Span):
        return current.with_span(parent)  # type: ignore[arg-type]
    given = _trouble.type_name(parent)
    error = TypeError(f"a parent is a Span, a SpanContext, a Context or None, not {given}")
    _trouble.report("parent.invalid", "the current span was taken for the parent", error=error)
    return current


class use_span:  # noqa: N801 - a context manager that reads as a verb
    """Make a span current for a block, recording an exception that leaves it; end it only if asked to."""

    __slots__ = ("_end_on_exit", "_entered", "_place", "_previous", "_record", "_span")

    def __init__(
        self,
        span: Span,
        end_on_exit: bool = False,  # noqa: FBT001, FBT002 - the field's established signature
        record_exception: bool = True,  # noqa: FBT001, FBT002 - as above
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - as above
    ) -> None:
        if not issubclass(type(span), Span):
            _trouble.report("span.invalid", "%s was to be made current, which is no span", span)
            # What the block starts goes on under what is current.
            span = NonRecordingSpan(get_current_span().context)
        self._span = span
        self._end_on_exit = end_on_exit
        self._record = (record_exception, set_status_on_exception)

    def __enter__(self) -> Span:
        previous = self._previous = _context.current()
        entered = self._entered = Context(self._span, previous.baggage, previous.values)
        self._place = _context._slot.set(entered)
        return self._span

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _context.leave(self._entered, self._previous, self._place)
        if exc is not None:
            self._span.fail(exc, *self._record)
        if self._end_on_exit:
            self._span.end()


def suppressed() -> _context.attached:
    """Run a block in which no span is recorded: what an exporter does must not make spans to export."""
    return _context.attached(EMPTY.with_span(_SUPPRESSOR))


def is_suppressed() -> bool:
    """Say whether tracing is suppressed here."""
    return _context.current().span is _SUPPRESSOR


_SUPPRESSOR: Final = NonRecordingSpan.of_ids(0, 0, SUPPRESSED, NO_STATE)
