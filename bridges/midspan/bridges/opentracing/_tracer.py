"""The OpenTracing tracer over the native one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import opentracing

from midspan import _trouble, trace
from midspan import context as _context
from midspan.bridges.opentracing import _convert, _mirror, _sampling, _views
from midspan.bridges.opentracing._convert import NO_TAGS
from midspan.bridges.opentracing._entered import Entered
from midspan.bridges.opentracing._formats import Formats
from midspan.bridges.opentracing._references import origin
from midspan.bridges.opentracing._sampling import Seed
from midspan.bridges.opentracing._scope import ScopeManager, enter
from midspan.bridges.opentracing._span import Span
from midspan.context import Context, _slot
from midspan.trace import NOOP_SPAN, NonRecordingSpan, SpanKind, TraceState
from midspan.trace._seam import binding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.bridges.opentracing._formats import Selection
    from midspan.bridges.opentracing._span_context import SpanContext

__all__ = ["Tracer"]

_SCOPE_NAME: Final = "midspan.bridges.opentracing"
_FLUSH_TIMEOUT_S: Final = 5.0
_NO_STATE: Final = TraceState()
_new: Final = object.__new__
_INTERNAL: Final = SpanKind.INTERNAL


class Tracer(opentracing.Tracer):  # type: ignore[misc]  # it has no types
    """An OpenTracing tracer whose spans are native ones.

    >>> from midspan.bridges.opentracing import Tracer
    >>> tracer = Tracer()
    >>> with tracer.start_active_span("charge", tags={"span.kind": "client"}) as scope:
    ...     scope.span.set_tag("card", "visa")
    Span(...)
    """

    def __init__(self, scope_manager: Any = None, *, propagators: Selection = None) -> None:
        """Keep what is active in the native slot, or in a scope manager of OpenTracing's or of your own.

        `propagators` are names as in `OTEL_PROPAGATORS` or propagators: one choice for both text formats, or
        a mapping from formats to choices. By default the text formats use the propagators of the process,
        and BINARY the layout of jaeger-client.

        Raises:
            ValueError: There is no propagator of a given name.
        """
        self._native_tracer = trace.get_tracer(_SCOPE_NAME)
        self._formats = Formats(propagators)
        self._own_manager: ScopeManager | None = None
        if scope_manager is None:
            scope_manager = self._own_manager = ScopeManager(self)
        else:
            _mirror.follow(scope_manager)
        self._scope_manager = scope_manager

    @property
    def active_span(self) -> Any:
        """The active span, or None; one that native code started is seen as well."""
        if self._own_manager is None:
            return self._active_of_another()
        context = _context.current()
        if type(context) is Entered:
            return context.scope.span
        return _views.view_of(context, self.view)

    def _active_of_another(self) -> Any:
        scope = self._scope_manager.active
        span = None if scope is None else scope.span
        context = self._current()
        if span is not None and (not isinstance(span, Span) or span._native is context.span):
            return span
        return _views.view_of(context, self.view)

    def _current(self) -> Context:
        if self._own_manager is None:
            return _mirror.context_under(self._scope_manager)
        return _context.current()

    def view(self, context: Context) -> Span:
        """Make the OpenTracing span for a context's native one; `active_span` finds one that exists."""
        native = context.span
        assert native is not None  # noqa: S101 - for the type checker: only such contexts are viewed
        return Span(self, native, context.baggage)

    def start_active_span(  # noqa: PLR0913 - OpenTracing's signature
        self,
        operation_name: str | None = None,
        child_of: Any = None,
        references: Any = None,
        tags: Mapping[str, Any] | None = None,
        start_time: float | None = None,
        ignore_active_span: bool = False,
        finish_on_close: bool = True,
    ) -> Any:
        """Start a span and make it active; closing the scope finishes it, unless told otherwise."""
        manager = self._own_manager
        if manager is None:
            span = self.start_span(operation_name, child_of, references, tags, start_time, ignore_active_span)
            return self._scope_manager.activate(span, finish_on_close)
        previous = _slot.get()
        if previous._left_for is not None:
            previous = _context.current()
        if child_of is None and references is None and not ignore_active_span:
            span = self._start(operation_name, previous, (), tags, start_time)
        else:
            span = self._start_elsewhere(
                operation_name, previous, (child_of, references), ignore_active_span, tags, start_time
            )
        return enter(manager, span, finish_on_close, previous)

    def start_span(  # noqa: PLR0913 - OpenTracing's signature
        self,
        operation_name: str | None = None,
        child_of: Any = None,
        references: Any = None,
        tags: Mapping[str, Any] | None = None,
        start_time: float | None = None,
        ignore_active_span: bool = False,
    ) -> Span:
        """Start a span; it is not made active.

        Its parent is `child_of`, else the first `child_of` among the references, else the first reference,
        else the active span.
        """
        context = self._current()
        if child_of is None and references is None and not ignore_active_span:
            return self._start(operation_name, context, (), tags, start_time)
        return self._start_elsewhere(
            operation_name, context, (child_of, references), ignore_active_span, tags, start_time
        )

    def _start_elsewhere(  # noqa: PLR0913 - called in two places
        self,
        operation_name: Any,
        current: Context,
        given: tuple[Any, Any],
        ignore_active_span: bool,
        tags: Mapping[str, Any] | None,
        start_time: float | None,
    ) -> Span:
        """Start a span under what it refers to, or under nothing, instead of under the active one."""
        found = origin(*given)
        if found.is_given:
            context = Context(found.parent, found.baggage, {**current.values, **found.values})
        elif ignore_active_span:
            context = Context(None, {}, current.values)
        else:
            context = current
        return self._start(operation_name, context, found.links, tags, start_time)

    def _start(
        self,
        operation_name: Any,
        context: Context,
        links: Any,
        tags: Mapping[str, Any] | None,
        start_time: float | None,
    ) -> Span:
        name = operation_name if type(operation_name) is str else _convert.name(operation_name)
        tracer = self._native_tracer
        # `Tracer.start_span`, spelled out: it saves a twentieth of an active span.
        starter = tracer._starter if tracer._engine is binding.engine else tracer._bound()
        if not tags and start_time is None:
            native = starter.start(name, context, _INTERNAL, None, links, None, None)
            if native._limits is not None:
                span: Span = _new(Span)
                span._tracer = self
                span._native = native
                span._baggage = context.baggage
                return span
        attributes, kind, status, priority = _convert.start_tags(tags) if tags else NO_TAGS
        start_ns = None if start_time is None else _convert.to_ns(start_time)
        if priority is None:
            native = starter.start(name, context, kind, attributes, links, start_ns, None)
        else:
            seed = Seed(self._native_tracer, context, name, kind, attributes, links, start_ns)
            native = _sampling.start(seed, priority)
        if not native.is_recording():
            seed = Seed(self._native_tracer, context, name, kind, attributes, links, start_ns)
            return self._unsampled(native, seed)
        if status is not None:
            native.status = status
        return Span(self, native, context.baggage)

    def _unsampled(self, native: trace.Span, seed: Seed) -> Span:
        if native is NOOP_SPAN or native is seed.context.span:
            # Spans without identity are shared; a view needs one that is its alone.
            native = NonRecordingSpan.of_ids(0, 0, native._flags, _NO_STATE)
        return Span(self, native, seed.context.baggage, seed.timed())

    def inject(self, span_context: Any, format: Any, carrier: Any) -> None:  # noqa: A002 - OpenTracing's name
        """Write a span's context, and its baggage, into a carrier.

        Raises:
            UnsupportedFormatException: The format is unknown.
            InvalidCarrierException: The carrier is not of the format's type.
        """
        self._formats.inject(span_context, format, carrier)

    def extract(self, format: Any, carrier: Any) -> SpanContext | None:  # noqa: A002 - OpenTracing's name
        """Read a span's context, and its baggage, out of a carrier; None if it holds none.

        Raises:
            UnsupportedFormatException: The format is unknown.
            InvalidCarrierException: The carrier is not of the format's type.
            SpanContextCorruptedException: A binary carrier holds something that is no context.
        """
        return self._formats.extract(format, carrier)

    def register_propagator(self, format: Any, propagator: Any) -> None:  # noqa: A002 - OpenTracing's name
        """Let names as in `OTEL_PROPAGATORS`, a propagator or a list of either serve a format."""
        self._formats.choose(format, propagator)

    def has_propagator(self, format: Any) -> bool:  # noqa: A002 - OpenTracing's name
        """Say whether a propagator was chosen for a format."""
        return self._formats.has_chosen(format)

    def close(self) -> None:
        """Export what has ended, within five seconds; spans can still be started afterwards."""
        try:
            binding.engine.force_flush(_FLUSH_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - OpenTracing's `close` reports to nobody
            _trouble.report("opentracing.close", "the spans could not be flushed", error=error)
