"""What a measurement can be: a finite number, and if it is an integer, one of 64 bits, as it is exported."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any, Final

from midspan import _trouble

__all__ = ["INF", "LEAST", "LIMIT", "number_of", "within"]

INF: Final = math.inf
# Integers of 64 bits are from LEAST on, and below LIMIT; a float outside is rare, and takes the slow road.
# As floats, because a float is compared with one at once, and exactly with an integer.
LIMIT: Final = float(1 << 63)
LEAST: Final = -LIMIT
_GREATEST: Final = sys.float_info.max


def number_of(amount: Any) -> float | None:  # noqa: ANN401 - whatever a caller thinks a number is
    """Return an odd amount as an int or float; None, reported, if it is no number that can be exported."""
    try:
        number = amount if isinstance(amount, (int, float)) else _converted(amount)
        number = int(number) if isinstance(number, int) else float(number)
        if LEAST <= number < LIMIT if type(number) is int else math.isfinite(number):
            return number
    except Exception as error:  # noqa: BLE001 - foreign types may raise from any of their methods
        kind = _trouble.type_name(amount)
        _trouble.report("metrics.bad_value", "a measurement of type %s", kind, error=error)
        return None
    _trouble.report("metrics.bad_value", "a measurement that is not finite was dropped: %s", amount)
    return None


def _converted(amount: Any) -> float:  # noqa: ANN401 - as above
    """Return the integer or float that an amount of another type stands for, numpy's for one."""
    try:
        return operator.index(amount)
    except TypeError:
        return float(amount)


def within(total: float) -> float:
    """Return a sum as it can be exported: past 64 bits a float, and past those the greatest of them."""
    if type(total) is int and LEAST <= total < LIMIT:
        return total
    return min(max(float(total), -_GREATEST), _GREATEST)
