"""Write spans as an `ExportTraceServiceRequest` (trace_service.proto), without protobuf's runtime.

One that holds something odd makes the straight way raise. It is mended, counted, and written again; what has
no identity to send is left out. So an odd value costs itself, never its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._mended import mended_span
from midspan.exporters.opencensus_agent._request import Request
from midspan.exporters.opencensus_agent._span_message import Scope, scope_of, span_message

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["encode_spans"]

# The field "resource" (16) of a Span.
_RESOURCE: Final = b"\x82\x01"


def encode_spans(spans: Iterable[Any]) -> bytes:
    """Return the bytes of an OpenCensus `ExportTraceServiceRequest` that holds these finished spans.

    What cannot be sent as it is gets mended, and counted; nothing raises.
    """
    request, scopes = Request(_RESOURCE), _Scopes()
    for span in spans:
        resource, body = _told(span, scopes)
        if body:
            request.add(resource, body)
    return request.to_bytes()


class _Scopes:
    """Remember what is said of the scopes of one request."""

    def __init__(self) -> None:
        # The scope is held, so that within a request an id means one object.
        self._known: dict[int, tuple[Any, Scope]] = {}

    def of(self, span: Any) -> Scope:  # noqa: ANN401 - a span, or what looks like one
        scope = getattr(span, "scope", None)
        known = self._known.get(id(scope))
        if known is None:
            known = self._known[id(scope)] = (scope, scope_of(scope))
        return known[1]


def _told(span: Any, scopes: _Scopes) -> tuple[Any, bytes]:  # noqa: ANN401 - as above
    """Return a span's resource, and the span as it is written; nothing of one that cannot be."""
    try:
        return getattr(span, "resource", None), span_message(span, scopes.of(span))
    except Exception:  # noqa: BLE001 - whatever is odd about it, it is mended or left out
        return _told_mended(span, scopes)


def _told_mended(span: Any, scopes: _Scopes) -> tuple[Any, bytes]:  # noqa: ANN401 - as above
    try:
        mended = mended_span(span)
        return mended.resource, span_message(mended, scopes.of(mended))
    except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
        cause = "opencensus_agent.no_span"
        _trouble.report(cause, "a span of type %s is lost", type(span).__name__, error=error)
        return None, b""
