"""Datadog: `x-datadog-*`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan.propagation._carrier import only
from midspan.propagation._format import Format
from midspan.propagation._identity import decimal, ids_of, is_debug, is_sampled, remote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers
    from midspan.trace import Span

__all__ = ["Datadog"]

_MAX_CHARS: Final = 512
_TRACE_ID: Final = "x-datadog-trace-id"
_SPAN_ID: Final = "x-datadog-parent-id"
_PRIORITY: Final = "x-datadog-sampling-priority"
_TAGS: Final = "x-datadog-tags"
_LOW_64: Final = (1 << 64) - 1
_is_priority: Final = re.compile(r"-?[0-9]{1,3}").fullmatch
# The upper half of the trace id, among the tags that travel with a trace.
_find_upper: Final = re.compile(r"(?:^|,)_dd\.p\.tid=([0-9a-f]{16})(?=,|$)").search


class Datadog(Format):
    """Carries ids (the upper half of a trace id as a tag) and the sampling priority; no baggage.

    The debug flag goes out as priority 2, "the user keeps it". That is what Datadog's sampling rules say of
    every trace that they keep, so coming in it means "sampled" and no more. The origin and other tags are
    read over, and not sent on.
    """

    __slots__ = ()

    fields: Sequence[str] = (_TRACE_ID, _SPAN_ID, _PRIORITY, _TAGS)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        if span is None or ids_of(span) is None or not span._trace_id & _LOW_64:
            return
        headers[_TRACE_ID] = str(span._trace_id & _LOW_64)
        headers[_SPAN_ID] = str(span._span_id)
        priority = _priority(span)
        if priority:
            headers[_PRIORITY] = priority
        upper = span._trace_id >> 64
        if upper:
            headers[_TAGS] = f"_dd.p.tid={upper:016x}"

    def _extract(self, headers: Headers, found: Context) -> bool:
        lower = decimal(only(headers, _TRACE_ID, _MAX_CHARS))
        if not lower:
            return False
        upper = _find_upper(only(headers, _TAGS, _MAX_CHARS) or "")
        priority = _is_priority(only(headers, _PRIORITY, _MAX_CHARS) or "")
        return remote(
            found,
            (int(upper[1], 16) << 64 if upper else 0) | lower,
            decimal(only(headers, _SPAN_ID, _MAX_CHARS)),
            sampled=None if priority is None else int(priority[0]) > 0,
        )


def _priority(span: Span) -> str:
    if is_debug(span):
        return "2"
    sampled = is_sampled(span)
    return "" if sampled is None else "1" if sampled else "0"
