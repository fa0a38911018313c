"""The tracer: starts spans in the name of one instrumentation scope.

A tracer holds no provider. It looks up what `configure()` installed when it is used, so one that was made
before works after.
"""

from __future__ import annotations

from midspan import context as _context
from midspan.context import EMPTY, Context, _slot
from midspan.trace._current import CURRENT, context_of
from midspan.trace._nonrecording import UnsampledRoot
from midspan.trace._scope import scope_of
from midspan.trace._seam import binding
from midspan.trace._values import SpanKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextvars import Token
    from types import TracebackType
    from typing import Any, Final, TypeVar

    from midspan.trace._seam import Engine, Starter
    from midspan.trace._span import Span
    from midspan.trace._span_context import SpanContext
    from midspan.trace._values import InstrumentationScope, Link

    F = TypeVar("F", bound="Callable[..., Any]")

__all__ = ["SpanScope", "Tracer", "get_tracer"]

_get: Final = _slot.get
_set: Final = _slot.set
_reset: Final = _slot.reset


class Tracer:
    """Start spans for one scope; see `get_tracer`."""

    __slots__ = ("_engine", "_starter", "scope")

    def __init__(self, scope: InstrumentationScope) -> None:
        self.scope = scope
        self._engine: Engine | None = None
        self._starter: Starter

    def _bound(self) -> Starter:
        engine = binding.engine
        if self._engine is engine:
            return self._starter
        starter = engine.recorder(self.scope)
        # Another thread may be here with the engine before or after: whoever writes last looks again.
        while self._engine is not engine or self._starter is not starter:
            self._starter = starter
            self._engine = engine
        return starter

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

    def start_as_current_span(  # noqa: PLR0913 - as above; name all but the first: `*` would cost 30 to 90 ns
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        parent: Span | SpanContext | Context | None = CURRENT,
        start_ns: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002 - as above
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002 - as above
        end_on_exit: bool = True,  # noqa: FBT001, FBT002 - as above
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
        # An __init__ would cost a tenth of the span.
        scope: SpanScope = SpanScope()
        scope._tracer = self
        scope._name = name
        scope._kind = kind
        scope._attributes = attributes
        scope._links = links
        scope._parent = parent
        scope._start_ns = start_ns
        scope._record_exception = record_exception
        scope._set_status = set_status_on_exception
        scope._end_on_exit = end_on_exit
        return scope


class SpanScope(Context):
    """What `start_as_current_span` returns: a context manager for one use, or a decorator for any number.

    It is itself the context that it puts into the slot, which makes an entry an eighth cheaper than with an
    object for each of the two.
    """

    __slots__ = (
        "_attributes",
        "_end_on_exit",
        "_kind",
        "_links",
        "_name",
        "_parent",
        "_place",
        "_previous",
        "_record_exception",
        "_set_status",
        "_start_ns",
        "_tracer",
    )

    __init__ = object.__init__  # Context's would be called

    _tracer: Tracer
    _name: str
    _kind: SpanKind
    _attributes: Mapping[str, Any] | None
    _links: Sequence[Link] | None
    _parent: Span | SpanContext | Context | None
    _start_ns: int | None
    _record_exception: bool
    _set_status: bool
    _end_on_exit: bool
    span: Span
    _previous: Context
    # What putting it into the slot returned: it knows the task or thread that it was put there by.
    _place: Token[Context] | None

    def __enter__(self) -> Span:
        # `context.current`, spelled out here as `leave` is below: this is the hottest call of all.
        previous = _get()
        if previous._left_for is not None:
            previous = _context.current()
        self._previous = previous
        context = previous if self._parent is CURRENT else context_of(self._parent)
        tracer = self._tracer
        starter = tracer._starter if tracer._engine is binding.engine else tracer._bound()
        span: Span
        if starter.drops_roots and context.span is None:
            # What `start` would do; a tenth less for what is not even recorded.
            span = UnsampledRoot()
            span._recorder = starter  # type: ignore[assignment]  # it makes the ids; nothing records the span
            span._context = span._views = None
        else:
            span = starter.start(
                self._name, context, self._kind, self._attributes, self._links, self._start_ns, None
            )
        self.span = span
        self.baggage = context.baggage
        self.values = context.values
        self._left_for = None
        try:
            self._place = _set(self)
        except BaseException:
            # A signal's handler raised, just now: no block follows that would end what has begun.
            self._place = None
            self.__exit__(None, None, None)
            raise
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
        if _get() is self and previous._left_for is None and place is not None:
            try:
                _reset(place)
            except ValueError:
                # An event loop ends an abandoned async generator in a copy of the context it was left in.
                _context.leave(self, previous, place)
        else:
            _context.leave(self, previous, place)
        span = self.span
        if exc is not None:
            self.fail(span, exc)
        if self._end_on_exit and span._limits is not None:
            span.end()

    def start(self) -> tuple[Span, Context]:
        """Start the span, and return it with the context for what runs under it; make nothing current."""
        context = context_of(self._parent)
        span = self._tracer._bound().start(
            self._name, context, self._kind, self._attributes, self._links, self._start_ns, None
        )
        return span, context.with_span(span)

    def fail(self, span: Span, error: BaseException) -> None:
        """Treat an exception that left the block as the arguments of `start_as_current_span` said."""
        span.fail(error, self._record_exception, self._set_status)

    def end(self, span: Span) -> None:
        """End the span if that was asked for."""
        if self._end_on_exit:
            span.end()

    def __call__(self, function: F) -> F:
        """Decorate a function: each call runs in a span of its own."""
        from midspan.trace import _decorate  # noqa: PLC0415 - needs functools: 2 ms, of use to few

        return _decorate.decorate(function, self._again)

    def _again(self) -> SpanScope:
        return self._tracer.start_as_current_span(
            self._name,
            kind=self._kind,
            attributes=self._attributes,
            links=self._links,
            parent=self._parent,
            start_ns=self._start_ns,
            record_exception=self._record_exception,
            set_status_on_exception=self._set_status,
            end_on_exit=self._end_on_exit,
        )


def get_tracer(
    name: str,
    version: str = "",
    schema_url: str = "",
    attributes: Mapping[str, Any] | None = None,
) -> Tracer:
    """Return a tracer for the library or module `name`; cheap, and allowed before `configure()`."""
    return Tracer(scope_of(name, version, schema_url, attributes))
