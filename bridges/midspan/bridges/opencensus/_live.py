"""The span contexts of OpenCensus's tracers, as they are now, in native spans inside too.

Legacy propagators and log correlation read `tracer.span_context`: what they send must be true.
"""

from __future__ import annotations

from typing import Any, Final

from opencensus.trace.tracer import Tracer
from opencensus.trace.tracers.context_tracer import ContextTracer
from opencensus.trace.tracers.noop_tracer import NoopTracer

from midspan import context as _context
from midspan.bridges.opencensus import _home
from midspan.bridges.opencensus._snapshot import snapshot

__all__ = ["CLASSES", "SPAN_CONTEXT"]

CLASSES: Final = (Tracer, ContextTracer, NoopTracer)


def _get(self: Any) -> Any:
    try:
        stored = self.__dict__["span_context"]
    except KeyError:
        raise AttributeError("span_context") from None
    context = _context.current()
    native = context.span
    if native is None or not native._trace_id:
        return stored
    if _home.is_left_behind(context, self, stored):
        return stored
    return snapshot(native, getattr(stored, "from_header", False))


def _set(self: Any, value: Any) -> None:
    self.__dict__["span_context"] = value
    if isinstance(self, ContextTracer):
        _home.settle_in(self)


def _delete(self: Any) -> None:
    del self.__dict__["span_context"]


# The attribute itself stays in the instance, where it is found again when this is taken away.
SPAN_CONTEXT: Final = property(_get, _set, _delete)
