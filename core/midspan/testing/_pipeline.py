"""Configure the SDK for the length of a test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from midspan import context, sdk
from midspan.testing._memory import MemoryExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["pipeline"]


@contextmanager
def pipeline(**settings: Any) -> Iterator[MemoryExporter]:  # noqa: ANN401 - the arguments of sdk.configure
    """Run a block under a pipeline of its own, and hand it the exporter that keeps what the block makes.

    Takes the arguments of `sdk.configure`; `exporters` are added to the one in memory. Unless told otherwise
    it is strict (what midspan would log is raised instead, in the thread that caused it), reads no variables
    and detects no resource. Nothing is current when the block begins; after it, everything is reset.

    >>> from midspan import testing, trace
    >>> with testing.pipeline(sampler="always_on") as memory:
    ...     trace.get_tracer("shop").start_span("charge").end()
    >>> [span.name for span in memory.spans]
    ['charge']
    """
    memory = MemoryExporter()
    exporters = [memory, *settings.pop("exporters", ())]
    sdk.reset()
    try:
        with context.attached(context.EMPTY):
            sdk.configure(
                **{"strict": True, "environment": {}, "detectors": [], **settings, "exporters": exporters}
            )
            yield memory
    finally:
        sdk.reset()
