"""Give a native span the final state of an OpenCensus one, from a dictionary of its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.bridges.opencensus import _convert
from midspan.bridges.opencensus._buffers import Annotation, Attributes
from midspan.trace import Status, StatusCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan import trace

__all__ = ["SET_OK", "UNSAID", "settle"]

SET_OK: Final = Status(StatusCode.OK)
UNSAID: Final = Status()
# A span that has none of these has nothing to hand on but its name.
_CHANGED: Final = frozenset(
    {"attributes", "annotations", "message_events", "links", "status", "stack_trace", "span_kind", "_error"}
)
# Which of a native span's three counts of what was dropped is whose.
_BOUNDED: Final = (("attributes", 0), ("annotations", 1), ("message_events", 1), ("links", 2))


def settle(native: trace.Span, state: Mapping[str, Any], ok: Status = UNSAID) -> None:
    """Take name, kind, attributes, events, links, status and stack trace, whatever there is of them.

    `ok` is what OpenCensus's OK says; one under `_untouched_status` was set by nobody, and says nothing.
    """
    name = state["name"]
    native.name = name if type(name) is str else _convert.name(name)
    if _CHANGED.isdisjoint(state):
        return
    _add_attributes(native, state.get("attributes"))
    for annotation in state.get("annotations") or ():
        _add_annotation(native, annotation)
    for message in state.get("message_events") or ():
        native.add_event(*_convert.message_event(message))
    for given in state.get("links") or ():
        link = _convert.link(given)
        if link is not None:
            native.add_link(link.context, link.attributes)
    if "span_kind" in state:
        native.kind = _convert.kind(state["span_kind"])
    status = state.get("status")
    if status is not None and status is not state.get("_untouched_status"):
        _set_status(native, status, ok)
    _add_stack(native, state)
    _count_dropped(native, state)


def _add_attributes(native: trace.Span, given: Any) -> None:
    if type(given) is Attributes:
        # The plain dictionary below it; OpenCensus's class takes a call for each pair.
        given = given._dict
    if given:
        set_attribute = native.set_attribute
        for key, value in _convert.attributes(given).items():
            set_attribute(key, value)


def _add_annotation(native: trace.Span, given: Any) -> None:
    # One made by the bridge, whose time nobody looked at, need not be read back from text.
    if type(given) is Annotation and "timestamp" not in given.__dict__:
        attributes = _convert.attributes(given.attributes)
        native.add_event(_convert.name(given.description), attributes, given.timestamp_ns)
    else:
        native.add_event(*_convert.annotation(given))


def _set_status(native: trace.Span, given: Any, ok: Status) -> None:
    # Not by the verb: there OK is final, but of OpenCensus's the last one counts.
    native.status = status = _convert.status(given, ok)
    if status.code is StatusCode.ERROR:
        native.set_attribute(_convert.CODE, given.code)


def _add_stack(native: trace.Span, state: Mapping[str, Any]) -> None:
    """Record the exception that ended the span, or the stack trace that somebody assigned."""
    error, stack_trace = state.get("_error"), state.get("stack_trace")
    if error is not None:
        native.record_exception(error)
    elif stack_trace is not None:
        message = getattr(state.get("status"), "message", None)
        facts = {"exception.message": message, "exception.stacktrace": _convert.stack_text(stack_trace)}
        native.add_event("exception", _convert.attributes(facts))


def _count_dropped(native: trace.Span, state: Mapping[str, Any]) -> None:
    """Count as dropped what did not fit into OpenCensus's own bounds."""
    for name, place in _BOUNDED:
        if name in state:
            for _ in range(getattr(state[name], "dropped", 0)):
                native._drop(place)
