"""OpenCensus's exporter threads: what they tell of joins the pipeline, and `"replace"` feeds them no more."""

from __future__ import annotations

from typing import Any, Final

from opencensus.metrics.transport import PeriodicMetricTask

from midspan.bridges.opencensus._state import STATE
from midspan.bridges.opencensus._stats._producer import SOURCES
from midspan.bridges.opencensus._stats._sources import given_to

__all__ = ["METHODS", "put_in_place", "take_out"]

_NAME: Final = "func"
_OURS: Final = __name__.rpartition("._stats")[0]
_original_init: Final = PeriodicMetricTask.__init__


def init(self: Any, *args: Any, **kwargs: Any) -> None:
    """Tell of the producers that `get_exporter_thread` was given."""
    _original_init(self, *args, **kwargs)
    for getter in given_to(self.__dict__.get(_NAME)):
        SOURCES.add_producer(getter)


class _Function:
    """The attribute that holds what a task does, at each of its turns."""

    def __get__(self, task: Any, owner: type | None = None) -> Any:
        if task is None:
            return self
        function = task.__dict__[_NAME]
        if STATE.is_installed and _is_told_otherwise(function):
            return _tell_nobody
        return function

    def __set__(self, task: Any, function: Any) -> None:
        task.__dict__[_NAME] = function


def _is_told_otherwise(function: Any) -> bool:
    """Say whether an export is left out: for `"replace"`, and where it would reach the pipeline twice."""
    reference = given_to(function, "weak_export")
    if not reference:
        return False
    exporter = getattr(reference(), "__self__", None)
    is_ours = type(exporter).__module__.startswith(_OURS)
    return is_ours or not STATE.tells_legacy


def _tell_nobody(*args: Any, **kwargs: Any) -> None:
    pass


def put_in_place() -> None:
    """Look at what tasks do from now on, those that run already too."""
    setattr(PeriodicMetricTask, _NAME, _Function())


def take_out() -> None:
    """Let them do what they were made for."""
    delattr(PeriodicMetricTask, _NAME)


METHODS: Final = ((PeriodicMetricTask, "__init__", init),)
