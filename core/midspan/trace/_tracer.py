"""The tracer: starts spans in the name of one instrumentation scope.

A tracer holds no provider. It looks up what `configure()` installed when it is used, so one that was made
before works after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from midspan import context as _context
from midspan.context import EMPTY, Context, _slot
from midspan.trace import _decorate
from midspan.trace._current import CURRENT, context_of
from midspan.trace._seam import binding
from midspan.trace._values import InstrumentationScope, SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextvars import Token
    from types import TracebackType

    from midspan.trace._seam import Engine, Starter
    from midspan.trace._span import Span
    from midspan.trace._span_context import SpanContext
    from midspan.trace._values import Link

__all__ = ["SpanScope", "Tracer", "get_tracer"]

F = TypeVar("F", bound="Callable[..., Any]")


class Tracer:
    """Start spans for one scope; see `get_tracer`."""

    __slots__ = ("_engine", "_starter", "scope")

    def __init__(self, scope: InstrumentationScope) -> None:
        self.scope = scope
        self._engine: Engine | None = None
        self._starter: Starter

    def _bound(self) -> Starter:
        engine = binding.engine
        if self._engine is not engine:
            self._starter = engine.recorder(self.scope)
            self._engine = engine
        return self._starter

    def start_span(  # noqa: PLR0913 - every argument is one field of a span
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        parent: Span | SpanContext | Context | None = CURRENT,
        start_ns: int | None = None,
        ids: tuple[int, int] | None = None,
    ) -> Span:
        """Start a span; whoever starts it calls `end()`. It is not made current.

        The parent is the current span unless `parent` says otherwise; None makes a root. `start_ns` is in
        nanoseconds since the epoch. `ids` (trace id, span id) is for bridges, whose other side has already
        chosen them.
        """
        context = _context.current() if parent is CURRENT else context_of(parent)
        return self._bound().start(name, context, kind, attributes, links, start_ns, ids)

    def start_as_current_span(  # noqa: PLR0913 - as above
        self,
        name: str,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        parent: Span | SpanContext | Context | None = CURRENT,
        start_ns: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> SpanScope:
        """Start a span that is current in a `with` block, or in each call of a decorated function.

        An exception that leaves the block is recorded and makes the status `ERROR`; it goes on unchanged.
        Signals of the interpreter (`SystemExit`, `KeyboardInterrupt`, `GeneratorExit`, cancellation) are no
        failures of the operation. As a decorator it serves plain, async, generator and async-generator
        functions, a new span each call; a generator's span is current only while its own code runs.

        >>> from midspan import trace
        >>> tracer = trace.get_tracer("shop.checkout")
        >>> with tracer.start_as_current_span("charge") as span:
        ...     span.set_attribute("cart.items", 3)
        """
        return SpanScope(
            self,
            (name, kind, attributes, links, start_ns, None),
            parent,
            (record_exception, set_status_on_exception),
            end_on_exit,
        )


class SpanScope(Context):
    """What `start_as_current_span` returns: a context manager for one use, or a decorator for any number.

    It is itself the context that it puts into the slot, which makes an entry an eighth cheaper than with an
    object for each of the two.
    """

    __slots__ = ("_end_on_exit", "_fields", "_parent", "_place", "_previous", "_record", "_span", "_tracer")

    _place: Token[Context] | None

    def __init__(
        self,
        tracer: Tracer,
        fields: tuple[Any, ...],
        parent: Span | SpanContext | Context | None,
        record: tuple[bool, bool],
        end_on_exit: bool,  # noqa: FBT001 - called in one place
    ) -> None:
        self._tracer = tracer
        self._fields = fields
        self._parent = parent
        self._record = record
        self._end_on_exit = end_on_exit

    def __enter__(self) -> Span:
        # `context.current`, spelled out here as `leave` is below: this is the hottest call of all.
        previous = _slot.get()
        if previous._left_for is not None:
            previous = _context.current()
        self._previous = previous
        parent = self._parent
        context = previous if parent is CURRENT else context_of(parent)
        tracer = self._tracer
        starter = tracer._starter if tracer._engine is binding.engine else tracer._bound()
        name, kind, attributes, links, start_ns, ids = self._fields
        span = starter.start(name, context, kind, attributes, links, start_ns, ids)
        self.span = self._span = span
        self.baggage = context.baggage
        self.values = context.values
        self._left_for = None
        self._place = _slot.set(self)
        return span

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        previous, place = self._previous, self._place
        # Whoever still holds this context, a task say, must not hold all contexts before it.
        self._previous = EMPTY
        self._place = None
        if _slot.get() is self and previous._left_for is None and place is not None:
            try:
                _slot.reset(place)
            except ValueError:  # Entered in another task or thread, which must be mended too.
                _context.leave(self, previous, place)
        else:
            _context.leave(self, previous, place)
        if exc is not None:
            self.fail(self._span, exc)
        if self._end_on_exit:
            self._span.end()

    def start(self) -> Span:
        """Start the span without making it current, for callers that keep a context of their own."""
        name, kind, attributes, links, start_ns, ids = self._fields
        context = context_of(self._parent)
        return self._tracer._bound().start(name, context, kind, attributes, links, start_ns, ids)

    def fail(self, span: Span, error: BaseException) -> None:
        """Treat an exception that left the block as the arguments of `start_as_current_span` said."""
        span.fail(error, *self._record)

    def end(self, span: Span) -> None:
        """End the span if that was asked for."""
        if self._end_on_exit:
            span.end()

    def __call__(self, function: F) -> F:
        """Decorate a function: each call runs in a span of its own."""
        return _decorate.decorate(function, self._again)

    def _again(self) -> SpanScope:
        return SpanScope(self._tracer, self._fields, self._parent, self._record, self._end_on_exit)


def get_tracer(
    name: str,
    version: str = "",
    schema_url: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Tracer:
    """Return a tracer for the library or module `name`; cheap, and allowed before `configure()`."""
    return Tracer(InstrumentationScope(name, version, schema_url, tuple((attributes or {}).items())))
