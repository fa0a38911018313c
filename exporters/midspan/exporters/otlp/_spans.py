"""Write spans as an OTLP `ExportTraceServiceRequest` (trace_service.proto), without protobuf's runtime.

The common span takes the short way, which trusts it. One that holds something odd makes the short way raise,
and is written again by the long way: what cannot be sent is replaced or left out, and counted. So an odd
value costs itself, never its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._fields import LOCAL, REMOTE, W3C, fields_of
from midspan.exporters.otlp._groups import Envelopes, Group
from midspan.exporters.otlp._span_message import SpanWriter
from midspan.exporters.otlp._wire import LENGTHS, varint
from midspan.trace import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Encoder", "encode_spans"]

# The field "spans" (2) of ScopeSpans, with the length that follows.
_SPANS: Final = b"\x12"
_HEADS: Final = tuple(_SPANS + length for length in LENGTHS)
_SMALL: Final = len(LENGTHS)


class Encoder:
    """Turn spans into payloads, remembering what repeats.

    Safe to use from several threads, and in a child after a fork: all that is kept are caches.
    """

    def __init__(self) -> None:
        self._write = SpanWriter().write
        self._assemble = Envelopes().assemble

    def encode(self, spans: Iterable[Any]) -> bytes:
        """Return the payload: spans grouped by resource, then by scope."""
        groups: dict[Any, Group] = {}
        write = self._write
        for span in spans:
            try:
                # The short way, written out, reads the slots of a `Span` instead of its properties: `context`
                # would make an object and leave it on the span. Both save a sixth of the time.
                source, parent = span._recorder, span.parent
                remote = parent is not None and parent.is_remote
                body = write(
                    span._trace_id,
                    span._span_id,
                    span._flags & W3C | (REMOTE if remote else LOCAL),
                    span._trace_state,
                    0 if parent is None else parent.span_id,
                    span.name,
                    span.kind,
                    span.start_ns,
                    span.end_ns,
                    span._attributes,
                    span._events,
                    span._links,
                    span._dropped,
                    span.status,
                )
            except Exception:  # noqa: BLE001 - whatever is odd about it, the long way deals with it
                source, body = span._recorder if type(span) is Span else _identity(span), self._long(span)
                if not body:
                    continue
            group = groups.get(source)
            if group is None:
                group = groups[source] = Group(getattr(span, "resource", None), getattr(span, "scope", None))
            size = len(body)
            group.append(_HEADS[size] if size < _SMALL else _SPANS + varint(size))
            group.append(body)
        return self._assemble(groups.values())

    def _long(self, span: Any) -> bytes:  # noqa: ANN401 - a span, or what looks like one
        """Write a span from its properties, mending what is odd; nothing if it has no identity to send."""
        try:
            return self._write(*fields_of(span))
        except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
            _trouble.report("encoding.no_span", "a span of type %s is lost", type(span).__name__, error=error)
            return b""


def _identity(span: Any) -> tuple[int, int]:  # noqa: ANN401 - a span, or what looks like one
    # The group keeps both alive, so that within one payload an id means one object.
    return id(getattr(span, "resource", None)), id(getattr(span, "scope", None))


_encoder: Final = Encoder()


def encode_spans(spans: Iterable[Any]) -> bytes:
    """Return the bytes of an OTLP `ExportTraceServiceRequest` that holds these finished spans.

    What cannot be sent as it is (a number of more than 64 bits, a lone surrogate, an object) is replaced by
    what can be said of it, and counted; nothing raises.
    """
    return _encoder.encode(spans)
