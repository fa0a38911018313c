"""Take the dates that a caller gives, whatever they are made of."""

from __future__ import annotations

from midspan import _trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

__all__ = ["whole_ns"]

_INT64: Final = 1 << 63


def whole_ns(date: object, monotonic_ns: Callable[[], int], offset_ns: int) -> int:
    """Return a date in whole nanoseconds since the epoch; what is none (reported) becomes the present."""
    try:
        if isinstance(date, (int, float)) and 0 <= date < _INT64:  # which NaN is not
            return int(date)
    except Exception:  # noqa: BLE001, S110 - a number whose class makes something else of it
        pass
    _trouble.report(
        "span.bad_time", "%s is no time in nanoseconds since the epoch; it was taken for now", date
    )
    return monotonic_ns() + offset_ns
