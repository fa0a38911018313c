"""The headers of OpenTracing's basic tracers and LightStep: `ot-tracer-*` and `ot-baggage-*`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.propagation import _prefixed
from midspan.propagation._carrier import only
from midspan.propagation._format import Format
from midspan.propagation._identity import hexadecimal, ids_of, is_sampled, remote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["OT"]

_MAX_CHARS: Final = 512
_BAGGAGE: Final = "ot-baggage-"
_SAMPLED: Final = {"true": True, "1": True, "false": False, "0": False}


class OT(Format):
    """Carries ids, the sampled flag, and baggage: names come out in lower case, values must be of one line.

    Its readers know ids of 64 bits, so the lower half of a trace id is sent (OpenTelemetry, OT trace).
    """

    __slots__ = ()

    fields: Sequence[str] = ("ot-tracer-traceid", "ot-tracer-spanid", "ot-tracer-sampled")

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        ids = ids_of(span)
        if span is not None and ids is not None:
            headers["ot-tracer-traceid"] = ids[0][16:]
            headers["ot-tracer-spanid"] = ids[1]
            headers["ot-tracer-sampled"] = "true" if is_sampled(span) else "false"
        if context.baggage:
            _prefixed.write(headers, _BAGGAGE, context.baggage, _prefixed.as_it_is)

    def _extract(self, headers: Headers, found: Context) -> bool:
        anything = remote(
            found,
            hexadecimal(only(headers, "ot-tracer-traceid", _MAX_CHARS), 32),
            hexadecimal(only(headers, "ot-tracer-spanid", _MAX_CHARS), 16),
            sampled=_SAMPLED.get((only(headers, "ot-tracer-sampled", _MAX_CHARS) or "").lower()),
        )
        baggage = _prefixed.read(headers, _BAGGAGE, str)
        if baggage:
            found.baggage = {**found.baggage, **baggage}
        return anything or bool(baggage)
