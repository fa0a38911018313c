"""Aggregations whose points are one number, and the one that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.metrics import MetricKind, NumberPoint
from midspan.sdk._measured import LEAST, LIMIT, within
from midspan.sdk._series import LastValueSeries, SumSeries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from midspan.metrics import Instrument, Point
    from midspan.sdk.aggregation._frames import Entry, Frame
    from midspan.sdk.aggregation._protocol import Moment, Series

__all__ = ["Drop", "LastValue", "Sum", "last_values", "sums"]


class Sum:
    """Add up."""

    kind = MetricKind.SUM

    def series(self, instrument: Instrument) -> Series:
        """Make a sum that refuses to shrink if the instrument is monotonic."""
        return SumSeries(is_monotonic=instrument.is_monotonic)

    def point(self, snapshot: float, earlier: float | None, moment: Moment) -> Point | None:
        """Make a number."""
        if earlier is not None:
            snapshot -= earlier
            if not snapshot:
                return None
        return NumberPoint(moment.attributes, moment.start_ns, moment.time_ns, snapshot, moment.exemplars)

    def __repr__(self) -> str:
        return "Sum()"


class LastValue:
    """Keep the last value."""

    kind = MetricKind.GAUGE

    def series(self, instrument: Instrument) -> Series:  # noqa: ARG002 - the same for all
        """Make a memory of one value."""
        return LastValueSeries()

    def point(self, snapshot: float | None, earlier: float | None, moment: Moment) -> Point | None:  # noqa: ARG002 - a gauge has no difference
        """Make a number."""
        if snapshot is None:
            return None
        return NumberPoint(moment.attributes, moment.start_ns, moment.time_ns, snapshot, moment.exemplars)

    def __repr__(self) -> str:
        return "LastValue()"


class Drop:
    """Record nothing."""

    kind = None

    def series(self, instrument: Instrument) -> Series:  # noqa: ARG002 - never used
        """Make what is thrown away."""
        return LastValueSeries()

    def point(self, snapshot: Any, earlier: Any, moment: Moment) -> Point | None:  # noqa: ANN401, ARG002 - as above
        """Make none."""
        return None

    def __repr__(self) -> str:
        return "Drop()"


def sums(entries: Iterable[Entry], frame: Frame) -> list[Point]:
    """Make the points of all sums at once."""
    if frame.told is not None:
        return list(_increases(entries, frame, frame.told))
    start_ns, now_ns, since_ns, *_ = frame
    return [
        _make(
            NumberPoint,
            (
                attributes,
                start_ns,
                now_ns,
                value if LEAST <= (value := series.value) < LIMIT else within(value),
                exemplars.collect(since_ns) if exemplars.kept else (),
            ),
        )
        for series, attributes, exemplars in entries
    ]


def _increases(entries: Iterable[Entry], frame: Frame, told: dict[Any, Any]) -> Iterator[Point]:
    for series, attributes, exemplars in entries:
        value, before = series.snapshot(), told.get(series)
        told[series] = value
        if value != before:
            kept = exemplars.collect(frame.since_ns) if exemplars.kept else ()
            yield NumberPoint(attributes, frame.start_ns, frame.now_ns, value - (before or 0), kept)


def last_values(entries: Iterable[Entry], frame: Frame) -> list[Point]:
    """Make the points of all last values at once."""
    start_ns, now_ns, since_ns, *_ = frame
    return [
        _make(
            NumberPoint,
            (attributes, start_ns, now_ns, value, exemplars.collect(since_ns) if exemplars.kept else ()),
        )
        for series, attributes, exemplars in entries
        if (value := series.value) is not None
    ]


# What a named tuple's own constructor calls.
_make: Final[Any] = tuple.__new__
