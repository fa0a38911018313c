"""Start a span with all that OpenTracing allows to be said of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from midspan.bridges.opentracing import _convert, _sampling, _shared
from midspan.bridges.opentracing._convert import NO_TAGS
from midspan.bridges.opentracing._references import origin
from midspan.bridges.opentracing._span import Span
from midspan.bridges.opentracing._span_context import SpanContext
from midspan.context import Context
from midspan.trace import INVALID, NOOP_SPAN, NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan import trace
    from midspan.bridges.opentracing._sampling import Seed
    from midspan.bridges.opentracing._tracer import Tracer
    from midspan.trace import Link

__all__ = ["own", "start", "timed"]


def start(  # noqa: PLR0913 - the arguments of OpenTracing's `start_span`
    tracer: Tracer,
    current: Context,
    operation_name: Any,
    child_of: Any,
    references: Any,
    tags: Mapping[str, Any] | None,
    start_time: float | None,
    ignore_active_span: bool,
) -> Span:
    """Start the span that was asked for: under what it refers to, or under `current`, or under nothing."""
    context, links = current, None
    if child_of is not None or references is not None:
        context, links = _origin(current, child_of, references, ignore_active_span)
    elif ignore_active_span:
        context = _without_span(current)
    attributes, kind, status, priority = _convert.start_tags(tags) if tags else NO_TAGS
    name = operation_name if type(operation_name) is str else _convert.name(operation_name)
    start_ns = None if start_time is None else _convert.to_ns(start_time)
    seed = (name, context, kind, attributes, links, start_ns)
    if priority is None and not tracer.one_span_per_rpc:
        native = tracer.native._bound().start(*seed, None)
    else:
        ids = _shared.ids_for(kind, context) if tracer.one_span_per_rpc else None
        native = _sampling.start(tracer.native, seed, priority, ids)
        if ids is not None:
            _shared.adopt_parent(native, context)
    if native._limits is None:
        return Span(tracer, own(native), context.baggage, timed(seed))
    if status is not None:
        native.status = status
    return Span(tracer, native, context.baggage)


def _origin(
    current: Context, child_of: Any, references: Any, ignore_active_span: bool
) -> tuple[Context, list[Link] | None]:
    """Return the context that a span is started in, by what it refers to, and its links."""
    # Most spans are started with `child_of` alone, a span or a context of ours.
    if references is None and type(child_of) is Span:
        return Context(child_of._native, child_of._baggage, current.values), None
    if references is None and type(child_of) is SpanContext:
        return Context(child_of.native, child_of._baggage, {**current.values, **child_of._values}), None
    found = origin(child_of, references)
    if found is not None:
        return Context(found.parent, found.baggage, {**current.values, **found.values}), found.links
    return _without_span(current) if ignore_active_span else current, None


def _without_span(current: Context) -> Context:
    """Return the context for a new trace; baggage of the trace that is ignored stays behind."""
    return Context(None, current.baggage if current.span is None else {}, current.values)


def own(native: trace.Span) -> trace.Span:
    """Return a native span that records nothing, for one view alone."""
    # NOOP_SPAN is everybody's; baggage that is set on a view must not reach the others' scopes.
    return NonRecordingSpan(INVALID) if native is NOOP_SPAN else native


def timed(seed: Seed) -> Seed:
    """Return a seed with the time that it is, if it has none: the span begins now, whenever it is forced."""
    return seed if seed[5] is not None else (*seed[:5], time.time_ns())
