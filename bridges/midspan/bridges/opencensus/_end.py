"""End a span: its final state goes to the native span, and to the exporter that OpenCensus code gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final


from midspan import _trouble
from midspan import context as _context
from midspan.bridges.opencensus import _convert, _home
from midspan.bridges.opencensus._buffers import Annotation
from midspan.bridges.opencensus._entered import Entered, exit_
from midspan.bridges.opencensus._snapshot import snapshot
from midspan.bridges.opencensus._state import STATE
from midspan.trace import Status, StatusCode

if TYPE_CHECKING:
    from midspan import trace
    from midspan.bridges.opencensus._span import Span

__all__ = ["complete", "end", "settle"]

# What was looked at and set to OK is told from what nobody touched; the latter says nothing.
_SET_OK: Final = Status(StatusCode.OK)
_UNSAID: Final = Status()
# What every span has from its start; a span that has no more has nothing to hand on but its name.
_CHANGED: Final = frozenset(
    {"attributes", "annotations", "message_events", "links", "status", "stack_trace", "span_kind"}
    | {"_start_text", "_child_spans", "_error"}
)


def end(tracer: Any, span: Span) -> None:
    """End a span of a tracer; a second end does nothing."""
    if span._has_ended:
        return
    span.finish()
    entered = span._entered
    _tell_legacy(tracer, span)
    complete(span)
    if entered is not None:
        _home.ended(tracer, span, entered)
    try:
        tracer._spans_list.remove(span)
    except (ValueError, AttributeError):
        pass  # somebody else emptied the list, or it is no tracer of OpenCensus's


def complete(span: Span) -> None:
    """Hand the final state over, end the native span, and make what was current before current again."""
    if span._has_ended:
        return
    span._has_ended = True
    native = span._native
    if native._limits is not None:
        settle(span, native)
        native.end(span._end_ns if span._end_text is None else _convert.to_ns(span._end_text))
    entered = span._entered
    if entered is not None:
        exit_(entered)
        current = _context.current()
        # Made current a second time, in another thread say.
        if type(current) is Entered and current.view is span:
            exit_(current)


def settle(span: Any, native: trace.Span) -> None:
    """Give a native span the final state of OpenCensus's."""
    state = span.__dict__
    name = state["name"]
    native.name = name if type(name) is str else _convert.name(name)
    if _CHANGED.isdisjoint(state):
        return
    if "attributes" in state:
        _add_attributes(native, span.attributes)
    for event in state.get("annotations", ()):
        _add_annotation(native, event)
    for event in state.get("message_events", ()):
        native.add_event(*_convert.message_event(event))
    for given in state.get("links", ()):
        link = _convert.link(given)
        if link is not None:
            native.add_link(link.context, link.attributes)
    _settle_rest(span, native, state)


def _settle_rest(span: Any, native: trace.Span, state: dict[str, Any]) -> None:
    if "span_kind" in state:
        native.kind = _convert.kind(span.span_kind)
    if span._start_text is not None:
        start_ns = _convert.to_ns(span._start_text)
        native.start_ns = native.start_ns if start_ns is None else start_ns
    if "status" in state and span.status is not state.get("_untouched_status"):
        set_status(native, span.status, _SET_OK)
    add_stack(native, span)
    for child in state.get("_child_spans", ()):
        complete(child)
    _count_dropped(native, state)


def _add_attributes(native: trace.Span, attributes: Any) -> None:
    for key, value in list(getattr(attributes, "items", dict)()):
        if value is not None:
            native.set_attribute(key, value)


def _add_annotation(native: trace.Span, event: Any) -> None:
    if type(event) is Annotation:
        name, attributes, timestamp_ns = event.description, event.attributes.attributes, event.timestamp_ns
        if type(name) is str and None not in attributes.values() and "timestamp" not in event.__dict__:
            native.add_event(name, attributes, timestamp_ns)
            return
    native.add_event(*_convert.annotation(event))


def set_status(native: trace.Span, given: Any, ok: Status = _UNSAID) -> None:
    """Give a native span OpenCensus's status, with the canonical code of an error beside it."""
    # Not by `set_status`: there OK is final, but of OpenCensus's the last one counts.
    native.status = status = _convert.status(given, ok)
    if status.code is StatusCode.ERROR:
        native.set_attribute(_convert.CODE, given.code)


def add_stack(native: trace.Span, span: Any) -> None:
    """Record the exception that ended a span, or the stack trace that somebody assigned."""
    error = getattr(span, "_error", None)
    if error is not None:
        native.record_exception(error)
        span._error = None
    elif span.stack_trace is not None:
        message = getattr(span.status, "message", None)
        facts = {"exception.message": message, "exception.stacktrace": _convert.stack_text(span.stack_trace)}
        native.add_event("exception", _convert.attributes(facts))


def _count_dropped(native: trace.Span, state: dict[str, Any]) -> None:
    """Count what did not fit into OpenCensus's own bounds as dropped."""
    places = (("attributes",), ("annotations", "message_events"), ("links",))
    for place, names in enumerate(places):
        for name in names:
            for _ in range(getattr(state.get(name), "dropped", 0)):
                native._drop(place)


def _tell_legacy(tracer: Any, span: Span) -> None:
    """Feed the exporter that the tracer was given, as OpenCensus does, with a context that stays as it is."""
    exporter = getattr(tracer, "exporter", None)
    if not STATE.tells_legacy or exporter is None or exporter.__dict__.get("_midspan_is_default"):
        return
    try:
        context = snapshot(span._native) if span._native._span_id else tracer.span_context
        exporter.export([data._replace(context=context) for data in tracer.get_span_datas(span)])
    except Exception as error:  # noqa: BLE001 - an exporter that nobody here wrote
        _trouble.report("opencensus.exporter", "the exporter %s failed", type(exporter).__name__, error=error)


