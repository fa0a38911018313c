"""Show amounts, as short as they can be told apart, and what they are amounts of."""

from __future__ import annotations

import math
from typing import Any, Final

from midspan.exporters.console._text import escaped

__all__ = ["amount", "unit_of"]

_MAX_UNIT: Final = 16
# A larger one could have thousands of digits, which take quadratic time.
_MAX_INT: Final = 1 << 64


def amount(value: Any) -> str:  # noqa: ANN401 - an int or a float, it should be
    """Return an integer whole, and any other number with four digits."""
    if isinstance(value, int) and abs(value) < _MAX_INT:
        return str(int(value))
    number = float(value)
    if math.isfinite(number) and number.is_integer() and abs(number) < 1e9:  # noqa: PLR2004 - as %g would not have it
        return str(int(number))
    return f"{number:.4g}"


def unit_of(metric: Any) -> str:  # noqa: ANN401 - a metric
    """Return the unit; nothing if things are merely counted, and an annotation without its braces."""
    unit = escaped(metric.unit or "")[:_MAX_UNIT]
    return "" if unit == "1" else unit.removeprefix("{").removesuffix("}")
