"""Jaeger's own format: `uber-trace-id` and `uberctx-*`; by hand, `jaeger-debug-id` and `jaeger-baggage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.propagation import _percent, _prefixed
from midspan.propagation._baggage import MAX_BYTES, MAX_EXAMINED, MAX_MEMBERS
from midspan.propagation._carrier import only
from midspan.propagation._format import ROOT_ATTRIBUTES, Format
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

__all__ = ["Jaeger"]

_MAX_CHARS: Final = 512
_SAMPLED: Final = 1
_DEBUG: Final = 2
_FIELDS: Final = 4
_DEBUG_ID: Final = "jaeger-debug-id"
_escape: Final = _percent.encoder(r"[^A-Za-z0-9_.~-]")


class Jaeger(Format):
    """Carries ids, the sampled and the debug flag, and baggage; the parent's id is read over and sent as 0.

    A debug id begins a trace that is recorded whatever the sampler says; the root span gets it as the
    attribute `jaeger-debug-id`. Names of baggage come out in lower case.
    """

    __slots__ = ("_baggage", "_debug_id", "_escapes", "_prefix", "_trace_id", "fields")

    fields: Sequence[str]

    def __init__(
        self,
        trace_id_header: str = "uber-trace-id",
        baggage_header_prefix: str = "uberctx-",
        debug_id_header: str = _DEBUG_ID,
        baggage_header: str = "jaeger-baggage",
        *,
        url_encoding: bool = True,
    ) -> None:
        """Take the names that jaeger-client's `Config` takes, and whether values of baggage are URL-encoded.

        jaeger-client encodes them in HTTP headers, not in text maps.
        """
        self._trace_id, self._prefix, self._debug_id, self._baggage = (
            name.lower().replace("_", "-")
            for name in (trace_id_header, baggage_header_prefix, debug_id_header, baggage_header)
        )
        self._escapes = url_encoding
        self.fields = (self._trace_id,)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        ids = ids_of(span)
        if span is not None and ids is not None:
            flags = _SAMPLED | _DEBUG if is_debug(span) else int(is_sampled(span) or False)
            headers[self._trace_id] = f"{ids[0]}:{ids[1]}:0:{flags:x}"
        elif span is not None and is_decision(span) and is_debug(span):
            self._inject_debug_id(headers, context.values.get(ROOT_ATTRIBUTES))
        if context.baggage:
            _prefixed.write(headers, self._prefix, context.baggage, self._encode)

    def _inject_debug_id(self, headers: Headers, attributes: object) -> None:
        """Pass a debug id on, where no pipeline began the trace that it asks for."""
        if isinstance(attributes, dict) and _DEBUG_ID in attributes:
            value = self._encode(attributes[_DEBUG_ID])
            if value is not None:
                headers[self._debug_id] = value

    def _extract(self, headers: Headers, found: Context) -> bool:
        anything = self._extract_ids(headers, found) or self._extract_debug_id(headers, found)
        baggage = self._given_baggage(headers)
        baggage.update(_prefixed.read(headers, self._prefix, self._decode))
        if baggage:
            found.baggage = {**found.baggage, **baggage}
        return anything or bool(baggage)

    def _extract_ids(self, headers: Headers, found: Context) -> bool:
        header = only(headers, self._trace_id, _MAX_CHARS)
        if header is None:
            return False
        parts = _percent.decode(header).split(":")  # some proxies and clients escape the colons
        if len(parts) != _FIELDS:
            return False
        flags = hexadecimal(parts[3], 2)
        return remote(
            found,
            hexadecimal(parts[0], 32),
            hexadecimal(parts[1], 16),
            sampled=bool(flags & (_SAMPLED | _DEBUG)),
            debug=bool(flags & _DEBUG),
        )

    def _extract_debug_id(self, headers: Headers, found: Context) -> bool:
        value = only(headers, self._debug_id, _MAX_CHARS)
        if not value or not decide(found, sampled=True, debug=True):
            return False
        found.values = {**found.values, ROOT_ATTRIBUTES: {_DEBUG_ID: self._decode(value)}}
        return True

    def _given_baggage(self, headers: Headers) -> dict[str, str]:
        """Read `jaeger-baggage: k1=v1, k2=v2`."""
        header = only(headers, self._baggage, MAX_BYTES)
        found: dict[str, str] = {}
        for member in (header or "").split(",", MAX_EXAMINED)[:MAX_EXAMINED]:
            key, equals, value = member.partition("=")
            if equals and key.strip() and len(found) < MAX_MEMBERS:
                found[key.strip()] = _percent.decode(value.strip()) if self._escapes else value.strip()
        return found

    def _encode(self, value: str) -> str | None:
        return _escape(value) if self._escapes else _prefixed.as_it_is(value)

    def _decode(self, value: str) -> str:
        # Java's and Go's clients write a space as "+", and all of them a plus sign as "%2B".
        return _percent.decode(value.replace("+", " ")) if self._escapes else value
