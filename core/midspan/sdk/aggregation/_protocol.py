"""What an aggregation is: it makes series, and makes points of their snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.metrics import Exemplar, Instrument, MetricKind, Point

__all__ = ["Aggregation", "Extremes", "Moment", "Series"]


class Series(Protocol):
    """The running state of one set of attributes.

    One that has an attribute `exemplars` is given a reservoir there, and offers it what is measured in
    sampled spans.
    """

    def update(self, amount: float) -> object:
        """Take one measurement; False if it was refused. Never waits."""
        ...

    def snapshot(self) -> Any:  # noqa: ANN401 - the aggregation's own
        """Return an immutable picture of the state, None if there is nothing to tell."""
        ...


class Extremes(NamedTuple):
    """The least and greatest value of the time that a point tells of; none if `low` is above `high`."""

    low: float
    high: float


class Moment(NamedTuple):
    """What all points of one collection share, or one series brings along."""

    attributes: Mapping[str, Any]
    start_ns: int
    time_ns: int
    exemplars: Sequence[Exemplar]
    extremes: Extremes | None = None


class Aggregation(Protocol):
    """How one kind of point comes about."""

    @property
    def kind(self) -> MetricKind | None:
        """What its points are; None: it makes none."""
        ...

    def series(self, instrument: Instrument) -> Series:
        """Make the state of one more set of attributes."""
        ...

    def point(self, snapshot: Any, earlier: Any, moment: Moment) -> Point | None:  # noqa: ANN401 - its own
        """Make a point of a snapshot; with `earlier`, of what came since. None: nothing to tell."""
        ...
