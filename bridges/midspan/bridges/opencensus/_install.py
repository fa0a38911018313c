"""Put the bridge under OpenCensus's tracers, and take it out again."""

from __future__ import annotations

import threading
from typing import Any, Final

from midspan.bridges.opencensus import _hooks, _shields, _slot, _stats, _tags
from midspan.bridges.opencensus._live import CLASSES, SPAN_CONTEXT
from midspan.bridges.opencensus._state import STATE

__all__ = ["install", "uninstall"]

_MODES: Final = {"tee": True, "replace": False}
_lock = threading.Lock()
_before: Final[list[tuple[type, str, Any]]] = []


def install(legacy_exporters: str = "tee", *, tags_as_baggage: bool = False) -> None:
    """Make native spans of what unmodified OpenCensus code traces, and let all nest in one trace.

    With `legacy_exporters="tee"` the exporters that the application gave to its tracers go on being fed;
    with `"replace"` only the pipeline is. The printing exporter that OpenCensus takes for want of another
    stays silent either way. With `tags_as_baggage`, OpenCensus's current tags and native baggage are one
    store; then tags go out with requests, and what came in with them is seen as tags. A second call changes
    only these choices.

    >>> from opencensus.trace.samplers import AlwaysOnSampler
    >>> from opencensus.trace.tracer import Tracer
    >>> from midspan.bridges import opencensus as bridge
    >>> bridge.install()
    >>> with Tracer(sampler=AlwaysOnSampler()).span("charge") as span:
    ...     span.add_attribute("card", "visa")
    >>> bridge.uninstall()

    Raises:
        ValueError: `legacy_exporters` is neither of the two.
    """
    if legacy_exporters not in _MODES:
        raise ValueError(f"legacy_exporters is 'tee' or 'replace', not {legacy_exporters!r}")
    with _lock:
        STATE.tells_legacy = _MODES[legacy_exporters]
        if STATE.is_installed:
            _tags.switch(on=tags_as_baggage)
            return
        for owner, name, replacement in _hooks.METHODS + _shields.METHODS + _stats.METHODS + _tags.METHODS:
            _before.append((owner, name, owner.__dict__[name]))
            setattr(owner, name, replacement)
        for owner in CLASSES:
            owner.span_context = SPAN_CONTEXT
        _slot.put_in_place()
        _stats.put_in_place()
        _tags.switch(on=tags_as_baggage)
        STATE.is_installed = True


def uninstall() -> None:
    """Put everything back as it was before; do nothing if the bridge is not installed.

    Tracers that were made meanwhile go on as OpenCensus's own, and spans that are open end as usual.
    """
    with _lock:
        if not STATE.is_installed:
            return
        STATE.is_installed = False
        _tags.switch(on=False)
        _stats.take_out()
        _slot.take_out()
        for owner in CLASSES:
            del owner.span_context
        while _before:
            setattr(*_before.pop())
