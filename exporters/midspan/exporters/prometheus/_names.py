"""Make names that Prometheus takes out of those that OpenTelemetry allows.

The rules are those of the OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility".
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["label_name", "metric_name", "unit_word"]

# Colons are for recording rules, and prometheus_client writes them in some places only.
_FORBIDDEN: Final = re.compile(r"[^a-zA-Z0-9]+")
_ANNOTATION: Final = re.compile(r"\{[^}]*\}")
# The words for UCUM's symbols: what a measurement is counted in, and what it is counted by ("m/s").
_WORDS: Final = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tebibytes",
    "KBy": "kilobytes",
    "kBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "%": "percent",
}
_WORDS_PER: Final = {
    "s": "second",
    "min": "minute",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "y": "year",
}


def metric_name(name: str, unit: str, *, is_counter: bool) -> str:
    """Return the name of a family of samples: `http.latency` in `ms` is `http_latency_milliseconds`.

    `unit` is a word as `unit_word` makes it. What ends in `_total` loses that as a counter: its samples
    are given it again.
    """
    clean = _FORBIDDEN.sub("_", name).strip("_") or "_"
    if clean[0].isdigit():
        clean = f"_{clean}"
    if is_counter:
        clean = clean.removesuffix("_total")
    return f"{clean}_{unit}" if unit and clean != unit and not clean.endswith(f"_{unit}") else clean


def label_name(key: str) -> str:
    """Return the name of a label for the key of an attribute."""
    clean = _FORBIDDEN.sub("_", key) or "_"
    return f"_{clean}" if clean[0].isdigit() else clean


def unit_word(unit: str, *, is_gauge: bool) -> str:
    """Return what a unit adds to a name, maybe nothing: `By/s` is `bytes_per_second`.

    What stands in braces is a remark (UCUM's annotations). `1` is the `ratio` of a gauge.
    """
    unit = _ANNOTATION.sub("", unit).strip()
    if unit == "1":
        return "ratio" if is_gauge else ""
    counted, slash, by = unit.partition("/")
    word, word_per = _word(counted, _WORDS), _word(by, _WORDS_PER)
    return "_".join(part for part in (word, "per" if slash and word_per else "", word_per) if part)


def _word(symbol: str, words: dict[str, str]) -> str:
    symbol = symbol.strip()
    return words.get(symbol) or _FORBIDDEN.sub("_", symbol).strip("_")
