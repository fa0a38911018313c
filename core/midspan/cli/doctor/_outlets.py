"""Find the exporters behind a pipeline, and by which way each signal reaches them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.sdk._direct import Direct
from midspan.sdk._readers import OnFlushReader
from midspan.sdk._routes import Carriage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.sdk import Pipeline
    from midspan.sdk._courier import Courier

__all__ = ["Outlet", "about", "address_of", "outlets_of"]

_URL: Final = re.compile(r"[a-z][a-z+.-]*://[^\s'\",;)\]]+")


class Outlet(NamedTuple):
    """One signal's way to one exporter."""

    name: str
    signal: str
    exporter: Any
    # Who sends for an exporter that encodes; None for one that is called.
    courier: Courier | None
    # Whether the exporter is asked from outside, instead of sending.
    is_pulled: bool = False


def outlets_of(pipeline: Pipeline) -> list[Outlet]:
    """Return every way out of a pipeline, the spans' first."""
    return [*_found("spans", pipeline._sinks), *_found("metrics", pipeline._readers)]


def _found(signal: str, ways: dict[str, Any]) -> Iterator[Outlet]:
    for name, way in ways.items():
        if isinstance(way, (Direct, OnFlushReader)):
            exporter = way._exporter.exporter
            yield Outlet(name, signal, exporter, None, hasattr(exporter, "follow_metrics"))
            continue
        route = way._route
        courier = route._courier if isinstance(route, Carriage) else None
        exporter = route._exporter.exporter if courier is None else courier._carrier
        yield Outlet(name, signal, exporter, courier)


def about(exporter: Any) -> str:  # noqa: ANN401 - anybody's exporter
    """Return an exporter in its own words: its `repr`, which of ours say how they send."""
    try:
        return repr(exporter)
    except Exception:  # noqa: BLE001 - a third party's, and only asked out of curiosity
        return f"<{type(exporter).__name__}>"


def address_of(exporter: Any) -> str:  # noqa: ANN401 - anybody's exporter
    """Return where an exporter says that it sends to: its `address`, or the URLs in its `repr`."""
    address = getattr(exporter, "address", "")
    return address if isinstance(address, str) and address else " ".join(_URL.findall(about(exporter)))
