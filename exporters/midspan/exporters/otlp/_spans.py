"""Write spans as an OTLP `ExportTraceServiceRequest` (trace_service.proto), without protobuf's runtime.

The common span takes the short way, which trusts it. One that holds something odd makes the short way raise,
and is written again by the long way: what cannot be sent is replaced or left out, and counted. So an odd
value costs itself, never its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._fields import LOCAL, REMOTE, W3C, fields_of
from midspan.exporters._plain import mended_attributes, mended_text
from midspan.exporters.otlp._span_message import SpanWriter
from midspan.exporters.otlp._wire import LENGTHS, delimited, key_value, varint
from midspan.trace import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Encoder", "encode_spans"]

# The field "spans" (2) of ScopeSpans, with the length that follows.
_SPANS: Final = b"\x12"
_HEADS: Final = tuple(_SPANS + length for length in LENGTHS)
_SMALL: Final = len(LENGTHS)
_MAX_BLOCKS: Final = 64


class Encoder:
    """Turn spans into payloads, remembering what repeats.

    Safe to use from several threads, and in a child after a fork: all that is kept are caches.
    """

    def __init__(self) -> None:
        self._write = SpanWriter().write
        self._resources = _Blocks(_resource_block)
        self._scopes = _Blocks(_scope_block)

    def encode(self, spans: Iterable[Any]) -> bytes:
        """Return the payload: spans grouped by resource, then by scope."""
        groups: dict[Any, _Group] = {}
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
                group = groups[source] = _Group(span)
            size = len(body)
            group.append(_HEADS[size] if size < _SMALL else _SPANS + varint(size))
            group.append(body)
        return self._assemble(groups.values())

    def _long(self, span: Any) -> bytes:  # noqa: ANN401 - a span, or what looks like one
        """Write a span from its properties, mending what is odd; nothing if it has no identity to send."""
        try:
            return self._write(*fields_of(span))
        except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
            _trouble.report("otlp.no_span", "a span of type %s is lost", type(span).__name__, error=error)
            return b""

    def _assemble(self, groups: Iterable[_Group]) -> bytes:
        by_resource: dict[bytes, dict[bytes, list[bytes]]] = {}
        for group in groups:
            scopes = by_resource.setdefault(self._resources.get(group.resource), {})
            scopes.setdefault(self._scopes.get(group.scope), []).extend(group.spans)
        # The fields "resource_spans" (1) of the request, "scope_spans" (2) of ResourceSpans.
        return b"".join(
            delimited(
                b"\x0a",
                resource
                + b"".join(delimited(b"\x12", scope + b"".join(spans)) for scope, spans in scopes.items()),
            )
            for resource, scopes in by_resource.items()
        )


class _Group:
    """The spans of one resource and scope."""

    __slots__ = ("append", "resource", "scope", "spans")

    def __init__(self, span: Any) -> None:  # noqa: ANN401 - a span, or what looks like one
        self.resource = getattr(span, "resource", None)
        self.scope = getattr(span, "scope", None)
        self.spans: list[bytes] = []
        self.append = self.spans.append


def _identity(span: Any) -> tuple[int, int]:  # noqa: ANN401 - a span, or what looks like one
    # The group keeps both alive, so that within one payload an id means one object.
    return id(getattr(span, "resource", None)), id(getattr(span, "scope", None))


class _Blocks:
    """What stands before the spans of a resource or scope, made once for each object."""

    def __init__(self, make: Callable[[Any], bytes]) -> None:
        self._make = make
        self._blocks: dict[int, tuple[object, bytes]] = {}

    def get(self, source: object) -> bytes:
        """Return the block of an object, which must not change afterwards."""
        # By identity, since 1, 1.0 and True are equal; the object is kept, so that its id is not given anew.
        known = self._blocks.get(id(source))
        if known is None:
            if len(self._blocks) >= _MAX_BLOCKS:
                self._blocks.clear()
            known = self._blocks[id(source)] = (source, self._make(source))
        return known[1]


def _resource_block(resource: Any) -> bytes:  # noqa: ANN401 - a Resource, or what looks like one
    # ResourceSpans: resource = 1, schema_url = 3; Resource: attributes = 1.
    attributes = mended_attributes(getattr(resource, "attributes", None))
    pairs = [key_value(b"\x0a", key, value) for key, value in attributes.items()]
    return delimited(b"\x0a", b"".join(pairs)) + _text(b"\x1a", getattr(resource, "schema_url", ""))


def _scope_block(scope: Any) -> bytes:  # noqa: ANN401 - an InstrumentationScope, or what looks like one
    # ScopeSpans: scope = 1, schema_url = 3; InstrumentationScope: name = 1, version = 2, attributes = 3.
    attributes = mended_attributes(dict(getattr(scope, "attributes", ())))
    fields = [
        _text(b"\x0a", getattr(scope, "name", "")),
        _text(b"\x12", getattr(scope, "version", "")),
        *(key_value(b"\x1a", key, value) for key, value in attributes.items()),
    ]
    return delimited(b"\x0a", b"".join(fields)) + _text(b"\x1a", getattr(scope, "schema_url", ""))


def _text(tag: bytes, text: object) -> bytes:
    return delimited(tag, mended_text(text).encode()) if text else b""


_encoder: Final = Encoder()


def encode_spans(spans: Iterable[Any]) -> bytes:
    """Return the bytes of an OTLP `ExportTraceServiceRequest` that holds these finished spans.

    What cannot be sent as it is (a number of more than 64 bits, a lone surrogate, an object) is replaced by
    what can be said of it, and counted; nothing raises.
    """
    return _encoder.encode(spans)
