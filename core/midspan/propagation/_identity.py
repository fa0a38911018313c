"""Between what stands in headers and what a span is: ids, the decision about sampling, the debug flag."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState
from midspan.trace._span import DEBUG

if TYPE_CHECKING:
    from midspan.context import Context
    from midspan.trace import Span

__all__ = [
    "NO_STATE",
    "decide",
    "decimal",
    "hexadecimal",
    "ids_of",
    "is_debug",
    "is_decision",
    "is_sampled",
    "remote",
]

NO_STATE: Final = TraceState()

# int() would take signs, underscores, spaces and the digits of other scripts as well.
_is_hex: Final = re.compile(r"[0-9a-fA-F]{1,512}").fullmatch
_is_decimal: Final = re.compile(r"[0-9]{1,20}").fullmatch


def ids_of(span: Span | None) -> tuple[str, str] | None:
    """Return trace id and span id in 32 and 16 hex digits; None if they are not valid."""
    if span is None or not (span._trace_id and span._span_id):
        return None
    try:
        return span._trace_id.to_bytes(16, "big").hex(), span._span_id.to_bytes(8, "big").hex()
    except OverflowError:  # ids that a bridge was given, and that fit no header
        return None


def remote(found: Context, trace_id: int, span_id: int, *, sampled: bool | None, debug: bool = False) -> bool:
    """Put the span that a caller's headers name into `found`; say if its ids are valid.

    `sampled` is None where the caller left the decision to us.
    """
    if not (0 < trace_id < 1 << 128 and 0 < span_id < 1 << 64):
        return False
    flags = TraceFlags.DEFERRED if sampled is None else TraceFlags.SAMPLED if sampled else TraceFlags.NONE
    found.span = NonRecordingSpan(
        SpanContext(trace_id, span_id, flags, NO_STATE, is_remote=True, is_debug=debug)
    )
    return True


def decide(found: Context, *, sampled: bool, debug: bool = False) -> bool:
    """Put a decision about sampling that came without ids into `found`, unless a caller's span is there."""
    span = found.span
    if span is not None and span._trace_id and span.context.is_remote:
        return False
    found.span = NonRecordingSpan(SpanContext(0, 0, int(sampled), NO_STATE, is_remote=True, is_debug=debug))
    return True


def is_decision(span: Span) -> bool:
    """Say whether a span is one that `decide` made."""
    return not span._trace_id and span.context.is_remote


def is_sampled(span: Span) -> bool | None:
    """Return what to tell the next service about sampling; None if it shall decide for itself."""
    if span._flags & TraceFlags.DEFERRED:
        return None
    return bool(span._flags & TraceFlags.SAMPLED)


def is_debug(span: Span) -> bool:
    """Say whether whoever began the trace demanded that it be recorded."""
    return bool(span._flags & DEBUG)


def hexadecimal(text: str | None, digits: int) -> int:
    """Read an id of up to `digits` hexadecimal digits, after any number of zeros; 0 if it is none."""
    if text is None or not _is_hex(text):
        return 0
    number = int(text, 16)
    return number if number < 1 << 4 * digits else 0


def decimal(text: str | None) -> int:
    """Read a decimal id of 64 bits; 0 if it is none."""
    if text is None or not _is_decimal(text):
        return 0
    number = int(text)
    return number if number < 1 << 64 else 0
