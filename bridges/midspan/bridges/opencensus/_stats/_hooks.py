"""Put OpenCensus's stats and metrics into the pipeline, and take them out again."""

from __future__ import annotations

from typing import Final

from midspan._forks import after_in_child
from midspan.bridges.opencensus._stats import _fork, _maps, _tasks
from midspan.bridges.opencensus._stats._producer import PRODUCER, SOURCES
from midspan.metrics._seam import binding

__all__ = ["METHODS", "put_in_place", "take_out"]

# Classes, names of methods, and what stands in for them while the bridge is installed.
METHODS: Final = _maps.METHODS + _tasks.METHODS


def put_in_place() -> None:
    """Find what was made before, and tell every pipeline of all there is."""
    _tasks.put_in_place()
    SOURCES.find()


def take_out() -> None:
    """Tell of nothing any more."""
    _tasks.take_out()
    SOURCES.clear()
    binding.remove_producer(PRODUCER)


# Registered once: a fork handler cannot be taken back. Without sources it does nothing.
after_in_child(_fork.after_in_child)
