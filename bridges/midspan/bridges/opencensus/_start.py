"""Start the native span for an OpenCensus one. OpenCensus's sampler has said yes, and that is it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from midspan.bridges.opencensus import _convert
from midspan.context import EMPTY, Context
from midspan.trace import INVALID, NonRecordingSpan, SpanKind, TraceFlags, get_tracer
from midspan.trace._seam import binding
from midspan.trace._span import DEBUG, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan import trace

__all__ = ["SCOPE", "start_below", "start_native"]

SCOPE: Final = "midspan.bridges.opencensus"
_tracer: Final = get_tracer(SCOPE)
_INTERNAL: Final = SpanKind.INTERNAL
_SAMPLED: Final = TraceFlags.SAMPLED


def start_native(  # noqa: PLR0913 - the fields of a span
    name: Any,
    context: Context,
    ids: tuple[int, int] | None = None,
    kind: SpanKind = _INTERNAL,
    attributes: Mapping[str, Any] | None = None,
    start_ns: int | None = None,
) -> trace.Span:
    """Start a span under `context`; `ids` (trace, span) are for a root."""
    if type(name) is not str:
        name = _convert.name(name)
    # `Tracer.start_span`, spelled out: it saves a tenth of a span.
    starter = _tracer._starter if _tracer._engine is binding.engine else _tracer._bound()
    native = starter.start(name, context, kind, attributes, None, start_ns, ids)
    if native._limits is None or not native._flags & _SAMPLED:
        if native._flags & SUPPRESSED:
            return native
        return _insist(native, name, context, ids, kind, attributes, start_ns)
    return native


def _insist(  # noqa: PLR0913 - the fields of a span
    native: trace.Span,
    name: str,
    context: Context,
    ids: tuple[int, int] | None,
    kind: SpanKind,
    attributes: Mapping[str, Any] | None,
    start_ns: int | None,
) -> trace.Span:
    """Record what a sampler of the pipeline did not want, and tell children nothing of the insistence."""
    if native._limits is None:
        parent = INVALID if context.span is None else context.span.context
        if ids is None:
            ids = (parent.trace_id, random.getrandbits(64) or 1)
        forcing = NonRecordingSpan(parent._replace(is_debug=True, is_remote=False))
        native = _tracer.start_span(
            name,
            kind=kind,
            attributes=attributes,
            parent=Context(forcing, context.baggage, context.values),
            start_ns=start_ns,
            ids=ids,
        )
        if native._limits is None:
            # No pipeline is configured. OpenCensus goes on as without the bridge.
            return NonRecordingSpan.of_ids(*ids, _SAMPLED, parent.trace_state)
        native.parent = parent if parent.is_valid else None
    native.force()
    native._flags &= ~DEBUG
    native._context = None
    return native


def start_below(name: Any, parent: trace.Span) -> trace.Span:
    """Start a child of a native span, wherever that is current."""
    return start_native(name, EMPTY.with_span(parent))
