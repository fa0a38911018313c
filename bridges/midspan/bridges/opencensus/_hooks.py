"""What OpenCensus's tracers do while the bridge is installed. Each function here stands in for a method."""

from __future__ import annotations

import functools
import logging
from random import getrandbits
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from opencensus.trace import blank_span, execution_context
from opencensus.trace import span as oc_span
from opencensus.trace.print_exporter import PrintExporter
from opencensus.trace.status import Status
from opencensus.trace.tracer import Tracer
from opencensus.trace.tracers.base import NullContextManager
from opencensus.trace.tracers.context_tracer import ContextTracer
from opencensus.trace.tracers.noop_tracer import NoopTracer

from midspan import context as _context
from midspan.bridges.opencensus import _convert, _end, _home
from midspan.bridges.opencensus._blank import Blank, end_blank, start_blank
from midspan.bridges.opencensus._called_from import is_opencensus_calling
from midspan.bridges.opencensus._entered import Entered, enter, innermost
from midspan.bridges.opencensus._span import Span, announce, make
from midspan.bridges.opencensus._start import start_native
from midspan.context import Context, _slot
from midspan.trace import NonRecordingSpan
from midspan.trace._span import SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan import trace

__all__ = ["METHODS", "finish", "get_tracer"]

_get: Final = _slot.get
_on_create: Final = oc_span.Span._on_create_callbacks
_original_current_span: Final = ContextTracer.current_span
_original_end_span: Final = ContextTracer.end_span
_original_get_tracer: Final = Tracer.get_tracer
_original_init: Final = Tracer.__init__
_original_print_init: Final = PrintExporter.__init__


def start_span(self: Any, name: Any = "span") -> Span:
    """Start a span under the current one, and make it current."""
    previous = _get()
    if previous._left_for is not None:
        previous = _context.current()
    own = self.__dict__
    stored = own["span_context"]
    home = own.get(_home.KEY) or _home.home_of(self)
    above = previous.span
    if above is None and home.open is None and stored.span_id is None:
        ids = (home.trace_id(stored.trace_id), getrandbits(64) or 1)
        span = make(name, start_native(name, previous, ids if ids[0] else None), self)
    elif above is None or not above._trace_id:
        span = _start_root(self, name, previous, stored)
    elif _home.GIVEN in own and _home.is_left_behind(previous, self, stored):
        span = _start_root(self, name, _free(previous), stored)
    else:
        view = previous.view if type(previous) is Entered else None
        span = make(name, start_native(name, previous), self, above if view is None else view)
    native = span._native
    if native._span_id:
        # Half the cost of a format with "016x".
        span.span_id = native._span_id.to_bytes(8, "big").hex()
    if _on_create:
        announce(span)
    entered = span._entered = enter(span, native, previous)
    # Appending needs no lock; the one that OpenCensus takes is for other interpreters.
    self._spans_list.append(span)
    if home.thread == get_ident():
        home.open = entered
        home.written = stored.span_id = span.span_id
    return span


def _start_root(tracer: Any, name: Any, previous: Context, stored: Any) -> Span:
    """Start a span where nothing is current: in the tracer's trace, under its remote parent if it has one."""
    home = _home.home_of(tracer)
    parent = _home.parent_of(tracer, home, stored)
    if parent.open is not None and parent.open.span is not None:
        return make(name, start_native(name, parent.open), tracer, parent.open.span)
    trace_id, parent_id = home.trace_id(stored.trace_id), _convert.number(parent.span_id, 16)
    if trace_id and parent_id:
        caller = _convert.parent_context(stored)._replace(span_id=parent_id, is_remote=parent.is_remote)
        native = start_native(name, _above(previous, NonRecordingSpan(caller)))
    else:
        native = start_native(name, previous, (trace_id, getrandbits(64) or 1) if trace_id else None)
    span = make(name, native, tracer)
    if type(previous) is Entered:
        span.parent_span = previous.view
    else:
        span.parent_span = NullContextManager(span_id=parent.span_id)
    return span


def _above(context: Context, span: trace.Span) -> Context:
    """Return a context with a span for the parent, unless tracing is suppressed in it."""
    current = context.span
    return context if current is not None and current._flags else context.with_span(span)


def _free(context: Context) -> Context:
    """Return a context in which no span is current, unless tracing is suppressed in it."""
    if context.span is not None and context.span._flags & SUPPRESSED:
        return context
    return context.with_span(None)


def end_span(self: Any, *args: Any, **kwargs: Any) -> Any:
    """End the innermost span of OpenCensus's that is open here, and return it."""
    if type(self).current_span is not _original_current_span:
        return _original_end_span(self, *args, **kwargs)
    entered = around = innermost(_context.current())
    while entered is not None and (entered.place is None or isinstance(entered.view, Blank)):
        entered = innermost(entered.previous)
    span = None
    if entered is not None:
        span = entered.view
    elif around is None and self._spans_list:
        span = self._spans_list[-1]
    if isinstance(span, Span):
        _end.end(span.context_tracer or self, span)
        return span
    if span is not None:
        # Begun before the bridge was installed, or made current by the application: none of ours.
        return _original_end_span(self, *args, **kwargs)
    logging.warning("No active span, cannot do end_span.")  # noqa: LOG015 - as OpenCensus says it
    return None


def finish(self: Any) -> None:
    """End all spans of the tracer, the innermost first."""
    while self._spans_list:
        span = self._spans_list[-1]
        if isinstance(span, Span):
            _end.end(self, span)
        else:
            _original_end_span(self)


def init(
    self: Any, span_context: Any = None, sampler: Any = None, exporter: Any = None, propagator: Any = None
) -> None:
    """Remember whether OpenCensus itself made the span context, for want of another."""
    if span_context is not None:
        self.__dict__[_home.GIVEN] = True
    _original_init(self, span_context, sampler, exporter, propagator)


def get_tracer(self: Any) -> Any:
    """Ask OpenCensus's sampler, about the trace that is current where there is one."""
    made = _original_get_tracer(self)
    if isinstance(made, NoopTracer):
        made.__dict__["_midspan_context"] = self.__dict__["span_context"]
    elif isinstance(made, ContextTracer):
        # Both go by the same context, as they do without the bridge.
        self.__dict__["span_context"] = made.__dict__["span_context"]
    else:
        return made
    if _home.GIVEN in self.__dict__:
        made.__dict__[_home.GIVEN] = True
    return made


def start_unsampled(self: Any, name: Any = "span") -> Any:
    """Start what OpenCensus's sampler did not want: native spans inside are not sampled either."""
    own = self.__dict__
    stored = own.get("_midspan_context")
    if stored is None:
        if self is execution_context._tracer_slot.default():
            # Nobody has made a tracer: that is no decision against anything.
            return blank_span.BlankSpan(name, context_tracer=self)
        stored = own["span_context"]
    return start_blank(self, name, stored)


def end_unsampled(self: Any) -> None:  # noqa: ARG001 - which tracer does not matter: all are the same
    """End the innermost span that OpenCensus's sampler did not want."""
    entered = innermost(_context.current())
    while entered is not None and entered.place is None:
        entered = innermost(entered.previous)
    if entered is not None and isinstance(entered.view, Blank):
        end_blank(entered.view)


def trace_decorator(self: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Trace each call of a function, and end its span when the function raises as well."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            span = self.tracer.start_span(name=function.__name__)
            try:
                return function(*args, **kwargs)
            except BaseException as error:
                span.status = Status.from_exception(error)
                span._error = error
                raise
            finally:
                self.tracer.end_span()

        return wrapper

    return decorator


def print_init(self: Any, *args: Any, **kwargs: Any) -> None:
    """Remember whether OpenCensus itself made this exporter, for want of another."""
    _original_print_init(self, *args, **kwargs)
    self.__dict__["_midspan_is_default"] = is_opencensus_calling()


METHODS: Final = (
    (ContextTracer, "start_span", start_span),
    (ContextTracer, "end_span", end_span),
    (ContextTracer, "finish", finish),
    (NoopTracer, "start_span", start_unsampled),
    (NoopTracer, "end_span", end_unsampled),
    (Tracer, "__init__", init),
    (Tracer, "get_tracer", get_tracer),
    (Tracer, "trace_decorator", trace_decorator),
    (PrintExporter, "__init__", print_init),
)
