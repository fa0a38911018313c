"""Draw when a span ran, to an eighth of a cell where the terminal can show that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.exporters.console._style import REVERSE

if TYPE_CHECKING:
    from midspan.exporters.console._style import Glyphs, Segment

__all__ = ["bar_of"]

_EIGHTHS: Final = 8
# Unicode has a glyph for each eighth that is filled from the left; from the right, only for one and for four.
_RIGHT_EIGHTH: Final = "▕"
_RIGHT_HALF: Final = "▐"
_BLOCK: Final = "█"


def bar_of(  # noqa: PLR0913 - where, how wide, and in which manner
    begin: float, end: float, width: int, style: str, glyphs: Glyphs, *, color: bool
) -> list[Segment]:
    """Return `width` cells with a bar from `begin` to `end` (0.0 to 1.0), never too short to be seen."""
    begin, end = min(max(begin, 0.0), 1.0), min(max(end, 0.0), 1.0)
    if not glyphs.eighths:
        first = min(int(begin * width), width - 1)
        bar = glyphs.block * max(round(end * width) - first, 1)
        return [(" " * first, ""), (bar.ljust(width - first), style)]
    start = min(round(begin * width * _EIGHTHS), width * _EIGHTHS - 1)
    stop = max(round(end * width * _EIGHTHS), start + 1)
    first, skipped = divmod(start, _EIGHTHS)
    bar = _cells(first, skipped, stop, glyphs)
    blank = (" " * first, "")
    if color and skipped and len(bar) > 1:
        # In reverse video, what is filled from the left becomes a gap there: any eighth can begin the bar.
        head = (glyphs.eighths[skipped], REVERSE + style)
        return [blank, head, (bar[1:].ljust(width - first - 1), style)]
    return [blank, (bar.ljust(width - first), style)]


def _cells(first: int, skipped: int, stop: int, glyphs: Glyphs) -> str:
    last, filled = divmod(stop, _EIGHTHS)
    if last == first:
        if skipped < _EIGHTHS // 2:
            return glyphs.eighths[filled - skipped]
        return _RIGHT_EIGHTH if filled - skipped <= _EIGHTHS // 4 else _RIGHT_HALF
    tail = glyphs.eighths[filled] if filled else ""
    return _from_the_right(skipped) + glyphs.block * (last - first - 1) + tail


def _from_the_right(skipped: int) -> str:
    """Return the glyph nearest to a cell whose first `skipped` eighths are blank."""
    if skipped < _EIGHTHS // 4:
        return _BLOCK
    return _RIGHT_HALF if skipped <= _EIGHTHS * 3 // 4 else _RIGHT_EIGHTH
