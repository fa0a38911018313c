"""One span id for both sides of a call, as Zipkin had it and jaeger-client offers: `one_span_per_rpc`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from midspan.trace import SpanKind

if TYPE_CHECKING:
    from midspan.context import Context
    from midspan.trace import Span

__all__ = ["PARENT_ID", "adopt_parent", "ids_for", "parent_id_of"]

# The key of a context's values under which the id of the caller's own parent is kept.
PARENT_ID: Final = object()

# Jaeger's header, whatever it is called, and B3's in one piece: the parent is the third of four, or the last.
_jaeger: Final = re.compile(
    r"[0-9a-fA-F]{1,32}:[0-9a-fA-F]{1,16}:([0-9a-fA-F]{1,16}):[0-9a-fA-F]{1,2}"
).fullmatch
_b3: Final = re.compile(r"[0-9a-f]{16,32}-[0-9a-f]{16}-[01d]-([0-9a-f]{16})").fullmatch
_hex: Final = re.compile(r"([0-9a-fA-F]{1,16})").fullmatch


def parent_id_of(carrier: Any) -> int:
    """Return the parent's id out of text headers; 0 if they have none."""
    try:
        for name, value in carrier.items():
            if isinstance(name, str) and isinstance(value, str):
                is_b3_parent = name.lower() == "x-b3-parentspanid"
                found = _hex(value) if is_b3_parent else _jaeger(value) or _b3(value)
                if found:
                    return int(found[1], 16)
    except Exception:  # noqa: BLE001 - a carrier is the application's own and may fail anywhere
        return 0
    return 0


def ids_for(kind: SpanKind, context: Context) -> tuple[int, int] | None:
    """Return the caller's trace id and span id if a server's span is to share them."""
    caller = None if context.span is None else context.span.context
    if kind is SpanKind.SERVER and caller is not None and caller.is_valid and caller.is_remote:
        return caller.trace_id, caller.span_id
    return None


def adopt_parent(native: Span, context: Context) -> None:
    """Give a span that shares its caller's id its caller's parent, too."""
    caller = None if context.span is None else context.span.context
    parent_id: Any = context.values.get(PARENT_ID)
    if native.is_recording():
        native.parent = caller._replace(span_id=parent_id) if caller is not None and parent_id else None
