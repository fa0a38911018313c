"""Write the spans of a batch one by one, so that one which is odd costs itself and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan.exporters._mended import mended_span
from midspan.exporters.zipkin._model import Origins, ZipkinSpan, zipkin_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["written"]


def written(spans: Iterable[Any], write: Callable[[ZipkinSpan], bytes]) -> list[bytes]:
    """Return what `write` makes of each span.

    One that holds something odd makes the straight way raise. It is mended, counted, and written again;
    what has no identity to send is left out.
    """
    origins, bodies = Origins(), []
    for span in spans:
        try:
            bodies.append(write(zipkin_span(span, origins)))
        except Exception:  # noqa: BLE001 - whatever is odd about it, it is mended or left out
            bodies += _mended_body(span, origins, write)
    return bodies


def _mended_body(span: Any, origins: Origins, write: Callable[[ZipkinSpan], bytes]) -> list[bytes]:  # noqa: ANN401 - a span, or what looks like one
    try:
        return [write(zipkin_span(mended_span(span), origins))]
    except Exception as error:  # noqa: BLE001 - an object that is no span may raise anywhere
        _trouble.report("zipkin.no_span", "a span of type %s is lost", type(span).__name__, error=error)
        return []
