"""What a collection hands to an aggregation: the series, and what all their points share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from midspan.sdk.aggregation._protocol import Extremes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Entry", "Frame", "extremes_for"]


class Entry(NamedTuple):
    """One series with its attributes and its exemplars."""

    series: Any
    attributes: Mapping[str, Any]
    exemplars: Any


class Frame(NamedTuple):
    """What all points of a collection share: times, and what the reader was told before."""

    start_ns: int
    now_ns: int
    # Exemplars are told that were measured after it.
    since_ns: int
    # By series: the snapshot that the reader was told last, if it wants differences.
    told: dict[Any, Any] | None
    # By series: the extremes that each reader has not been told yet; first the one that collects.
    extremes: Sequence[dict[Any, Extremes]]


def extremes_for(frame: Frame, series: object, low: float, high: float) -> Extremes | None:
    """Return the extremes to tell; every reader keeps them, as a snapshot takes them off the series."""
    if low <= high:
        for kept in frame.extremes:
            old = kept.get(series)
            if old is None:
                kept[series] = Extremes(low, high)
            elif low < old.low or high > old.high:
                kept[series] = Extremes(min(old.low, low), max(old.high, high))
    mine = frame.extremes[0]
    return mine.get(series) if frame.told is None else mine.pop(series, None)
