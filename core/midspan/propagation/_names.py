"""Find a propagator by the name that `OTEL_PROPAGATORS` gives it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from midspan.propagation._composite import Composite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.metadata import EntryPoint

    from midspan.propagation._format import Propagator

__all__ = ["by_name"]

_GROUP: Final = "midspan.propagators"

# name -> module, what makes one. A module is imported when its name is asked for.
_BUILT_IN: Final[dict[str, tuple[str, str]]] = {
    "tracecontext": ("tracecontext", "TraceContext"),
    "baggage": ("w3c_baggage", "Baggage"),
    "b3": ("b3", "B3Single"),
    "b3multi": ("b3", "B3Multi"),
    "jaeger": ("jaeger", "Jaeger"),
    "ottrace": ("ot", "OT"),
    "xray": ("xray", "XRay"),
    "cloudtrace": ("cloudtrace", "CloudTrace"),
    "gcp": ("cloudtrace", "CloudTrace"),
    "opencensus-binary": ("opencensus_binary", "OpenCensusBinary"),
    "opencensus-tags": ("opencensus_tags", "OpenCensusTags"),
    "opencensus-text": ("opencensus_text", "OpenCensusText"),
    "datadog": ("datadog", "Datadog"),
    "correlation-context": ("correlation_context", "CorrelationContext"),
}


def by_name(names: Iterable[str]) -> Composite:
    """Return the composite of the propagators with these names, the preferred one first; "none" adds nothing.

    Beside the built-in ones there are those that installed distributions offer under the entry point group
    `midspan.propagators`; such an entry point is a class, or a function, that makes a propagator.

    Raises:
        ValueError: There is no such name; the message says which there are.
    """
    return Composite([_make(name) for name in dict.fromkeys(names) if name != "none"])


def _make(name: str) -> Propagator:
    if name in _BUILT_IN:
        module, maker = _BUILT_IN[name]
        return _called(getattr(importlib.import_module(f"midspan.propagation.{module}"), maker))
    offered = _offered()
    if name not in offered:
        allowed = ", ".join(sorted({*_BUILT_IN, *offered, "none"}))
        raise ValueError(f"no propagator is called {name!r}; there are: {allowed}")
    return _called(offered[name].load())


def _called(maker: Callable[[], Propagator]) -> Propagator:
    return maker()


def _offered() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - costs 20 ms, and most never ask

    return {point.name: point for point in entry_points(group=_GROUP)}
