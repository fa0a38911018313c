"""B3, of Zipkin: all in one header `b3`, or in several `x-b3-*`.

Both classes read both forms, the one header first (OpenTelemetry, B3 requirements); what they write differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.propagation._carrier import only
from midspan.propagation._format import Format
from midspan.propagation._identity import (
    decide,
    hexadecimal,
    ids_of,
    is_debug,
    is_decision,
    is_sampled,
    remote,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers
    from midspan.trace import Span

__all__ = ["B3Multi", "B3Single"]

_MAX_CHARS: Final = 512
# What a header says -> sampled, debug. Early senders wrote words.
_STATES: Final = {
    "d": (True, True),
    "1": (True, False),
    "0": (False, False),
    "true": (True, False),
    "false": (False, False),
}
_LEFT_TO_US: Final = (None, False)
# The parent's id, and the two that fill up what a sender left out.
_AFTER_STATE: Final = 3


class _B3(Format):
    """Carries ids, the debug flag, and the decision about sampling: also "not decided", also without ids."""

    __slots__ = ()

    def _extract(self, headers: Headers, found: Context) -> bool:
        return _extract_single(headers, found) or _extract_multi(headers, found)


class B3Single(_B3):
    """Writes `b3: {trace id}-{span id}-{state}`."""

    __slots__ = ()

    fields: Sequence[str] = ("b3",)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        if span is None:
            return
        ids = ids_of(span)
        state = _state(span)
        if ids is not None:
            headers["b3"] = "-".join((*ids, state) if state else ids)
        elif is_decision(span) and state:
            headers["b3"] = state


class B3Multi(_B3):
    """Writes `x-b3-traceid`, `x-b3-spanid`, and `x-b3-sampled` or `x-b3-flags`."""

    __slots__ = ()

    fields: Sequence[str] = ("x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags")

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        if span is None:
            return
        ids = ids_of(span)
        if ids is not None:
            headers["x-b3-traceid"], headers["x-b3-spanid"] = ids
        elif not is_decision(span):
            return
        state = _state(span)
        if state == "d":
            headers["x-b3-flags"] = "1"
        elif state:
            headers["x-b3-sampled"] = state


def _state(span: Span) -> str:
    if is_debug(span):
        return "d"
    sampled = is_sampled(span)
    return "" if sampled is None else "1" if sampled else "0"


def _extract_single(headers: Headers, found: Context) -> bool:
    header = only(headers, "b3", _MAX_CHARS)
    if header is None:
        return False
    if header in _STATES:
        sampled, debug = _STATES[header]
        return decide(found, sampled=sampled, debug=debug)
    trace_id, span_id, state, *parent = [*header.split("-"), "", ""]
    if len(parent) > _AFTER_STATE or (state and state not in _STATES):
        return False
    ids = hexadecimal(trace_id, 32), hexadecimal(span_id, 16)
    sampled_or_not, debug = _STATES.get(state, _LEFT_TO_US)
    return remote(found, *ids, sampled=sampled_or_not, debug=debug)


def _extract_multi(headers: Headers, found: Context) -> bool:
    sampled, debug = _STATES.get((only(headers, "x-b3-sampled", _MAX_CHARS) or "").lower(), _LEFT_TO_US)
    if only(headers, "x-b3-flags", _MAX_CHARS) == "1":
        sampled, debug = True, True
    trace_id = hexadecimal(only(headers, "x-b3-traceid", _MAX_CHARS), 32)
    span_id = hexadecimal(only(headers, "x-b3-spanid", _MAX_CHARS), 16)
    if remote(found, trace_id, span_id, sampled=sampled, debug=debug):
        return True
    return sampled is not None and decide(found, sampled=sampled, debug=debug)
