"""End a span: its final state goes to the native span, and to the exporter that OpenCensus code gave."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.bridges.opencensus import _convert, _home
from midspan.bridges.opencensus._buffers import now_ns
from midspan.bridges.opencensus._entered import exit_
from midspan.bridges.opencensus._settle import SET_OK, settle
from midspan.bridges.opencensus._snapshot import snapshot
from midspan.bridges.opencensus._state import STATE
from midspan.bridges.opencensus._views import OWN, forget

if TYPE_CHECKING:
    from midspan import trace
    from midspan.bridges.opencensus._span import Span

__all__ = ["complete", "end", "end_left_open"]

# How much a current span holds from its start: name, tracer and id.
AT_START: Final = 3
# How many spans a tracer goes on listing that others have ended for it.
_LATE: Final = 32


def end(tracer: Any, span: Span) -> None:
    """End a span of a tracer; a second end does nothing but strike it off the tracer's list."""
    if span._has_ended:
        _strike_off(tracer, span)
        return
    state = span.__dict__
    if "finish" in state:
        # The application's own; OpenCensus calls it here.
        span.finish()
    entered = span._entered
    above = None if entered is None else entered.previous
    complete(span)
    if STATE.tells_legacy:
        _tell_legacy(tracer, span)
    own = tracer.__dict__
    home = own.get(_home.KEY)
    if above is not None and home is not None and home.thread == get_ident():
        # What is above is the innermost again, for OpenCensus's own span context as well.
        home.open = None if above.span is None else above
        is_root = span._native.parent is None and "parent_span" not in state
        home.written = own["span_context"].span_id = None if is_root else _parent_id(span, state)
    _strike_off(tracer, span)


def end_left_open(span: Span) -> None:
    """End a span with the block around it. Its tracer goes on listing it, for who ends it late.

    A callback in a thread where nothing is current, gRPC's say, names no span: it ends what was listed last,
    which must not be somebody else's.
    """
    tracer = span.context_tracer
    end(tracer, span)
    listed = getattr(tracer, "_spans_list", None)
    if listed is not None:
        late = [each for each in listed if getattr(each, "_has_ended", False)]
        for each in late[: 1 - _LATE]:
            listed.remove(each)
        listed.append(span)


def _strike_off(tracer: Any, span: Span) -> None:
    try:  # noqa: SIM105 - `suppress` costs a tenth of the span
        tracer._spans_list.remove(span)
    except (ValueError, AttributeError):
        pass  # Somebody else emptied the list, or it is no tracer of OpenCensus's.


def _parent_id(span: Span, state: dict[str, Any]) -> Any:
    if "parent_span" in state:
        return getattr(span.parent_span, "span_id", None)
    parent = span._native.parent
    return None if parent is None else f"{parent.span_id:016x}"


def complete(span: Span) -> None:
    """Hand the final state over, end the native span, and make what was current before current again."""
    if span._has_ended:
        return
    span._has_ended = True
    native = span._native
    state = span.__dict__
    if len(state) == AT_START and native._limits is not None:
        name = state["name"]
        if name is not native.name:
            native.name = _convert.name(name)
        native.end()
    else:
        _end_changed(span, native, state)
    views = native._views
    if views is not None:
        # `forget`, spelled out for the usual case.
        if len(views) == OWN:
            native._views = None
        else:
            forget(native)
    entered = span._entered
    if entered is not None:
        # The two hold each other; see `exit_`.
        span._entered = None
        exit_(entered)


def _end_changed(span: Span, native: trace.Span, state: dict[str, Any]) -> None:
    """Complete a span that OpenCensus code has touched, or that nothing records."""
    if native._limits is None:
        if span._end_ns is None:
            span._end_ns = now_ns(native)
    else:
        try:
            settle(native, state, SET_OK)
        except Exception as error:  # noqa: BLE001 - whatever the application put in the place of a list
            _trouble.report("opencensus.span", "a span could not be read whole", error=error)
        _take_start(span, native)
    span._error = None
    for child in state.get("_child_spans", ()):
        complete(child)
    native.end(span._end_ns if span._end_text is None else _convert.to_ns(span._end_text))


def _take_start(span: Span, native: trace.Span) -> None:
    """Take a start that was assigned."""
    if span._start_text is not None:
        start_ns = _convert.to_ns(span._start_text)
        if start_ns is not None:
            native.start_ns = start_ns


def _tell_legacy(tracer: Any, span: Span) -> None:
    """Feed the exporter that the tracer was given, as OpenCensus does, with a context that stays as it is."""
    exporter = getattr(tracer, "exporter", None)
    if (
        not STATE.tells_legacy
        or exporter is None
        or getattr(exporter, "__dict__", {}).get("_midspan_is_default")
    ):
        return
    try:
        context = snapshot(span._native) if span._native._span_id else tracer.span_context
        exporter.export([data._replace(context=context) for data in tracer.get_span_datas(span)])
    except Exception as error:  # noqa: BLE001 - an exporter that nobody here wrote
        _trouble.report("opencensus.exporter", "the exporter %s failed", type(exporter).__name__, error=error)
