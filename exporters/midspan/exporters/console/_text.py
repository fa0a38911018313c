"""Show foreign text in a given number of terminal cells, and durations as people read them."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from typing import Final

from midspan import _trouble

__all__ = ["cells", "counted", "cut", "date", "duration", "escaped", "padded"]

_NS_PER_US: Final = 1_000
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_MAX_FOREIGN_CHARS: Final = 4096
_END_OF_DATES_S: Final = 253_402_300_799  # the year 9999
_WIDE: Final = frozenset("WF")


def escaped(value: object) -> str:
    """Return a value's text on one line, without the control characters that could steer the terminal."""
    text = (value if isinstance(value, str) else _trouble.safe_str(value))[:_MAX_FOREIGN_CHARS]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def cells(text: str) -> int:
    """Return how many cells a text takes: East Asian wide characters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def cut(text: str, width: int, ellipsis: str) -> str:
    """Return text that takes at most `width` cells, its end replaced by `ellipsis` if it was longer."""
    if cells(text) <= width:
        return text
    room, kept = width - len(ellipsis), []
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept.append(character)
    return ("".join(kept) + ellipsis)[: max(width, 0)]


def padded(text: str, width: int, ellipsis: str) -> str:
    """Return text that takes exactly `width` cells."""
    shown = cut(text, width, ellipsis)
    return shown + " " * (width - cells(shown))


def duration(ns: int, micro: str) -> str:
    """Return a duration in the unit that suits it, with three or four digits; `micro` writes the "µ"."""
    if ns < _NS_PER_US:
        return f"{ns} ns"
    if ns < 999_950:  # noqa: PLR2004 - what would be shown as 1000.0
        return f"{ns / _NS_PER_US:.1f} {micro}s"
    if ns < 999_950_000:  # noqa: PLR2004 - as above
        return f"{ns / _NS_PER_MS:.1f} ms"
    if ns < 59_995_000_000:  # noqa: PLR2004 - as above
        return f"{ns / _NS_PER_S:.2f} s"
    minutes, seconds = divmod(round(ns / _NS_PER_S), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m" if hours else f"{minutes} m {seconds:02d} s"


def date(ns: int) -> str:
    """Return a date in UTC, to the millisecond."""
    seconds, rest_ns = divmod(ns, _NS_PER_S)
    moment = datetime.fromtimestamp(min(seconds, _END_OF_DATES_S), timezone.utc)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{rest_ns // _NS_PER_MS:03d}Z"


def counted(number: int, noun: str) -> str:
    """Return a number of things, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
