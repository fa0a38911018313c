"""OpenCensus's text format: `opencensus-trace-*`, as the `opencensus` package 0.11.4 writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.propagation._carrier import only
from midspan.propagation._format import Format
from midspan.propagation._identity import decimal, hexadecimal, ids_of, is_sampled, remote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["OpenCensusText"]

_MAX_CHARS: Final = 512
_TRACE_ID: Final = "opencensus-trace-traceid"
_SPAN_ID: Final = "opencensus-trace-spanid"
_OPTIONS: Final = "opencensus-trace-traceoptions"


class OpenCensusText(Format):
    """Carries ids and the sampled flag; no baggage. Without options a trace is sampled, as in OpenCensus."""

    __slots__ = ()

    fields: Sequence[str] = (_TRACE_ID, _SPAN_ID, _OPTIONS)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        ids = ids_of(span)
        if span is None or ids is None:
            return
        headers[_TRACE_ID], headers[_SPAN_ID] = ids
        headers[_OPTIONS] = "1" if is_sampled(span) else "0"

    def _extract(self, headers: Headers, found: Context) -> bool:
        options = only(headers, _OPTIONS, _MAX_CHARS)
        return remote(
            found,
            hexadecimal(only(headers, _TRACE_ID, _MAX_CHARS), 32),
            hexadecimal(only(headers, _SPAN_ID, _MAX_CHARS), 16),
            sampled=options is None or bool(decimal(options) & 1),
        )
