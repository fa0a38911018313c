"""Know what the terminal can show: colours, box drawing, eighths of a block."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Final, NamedTuple, TypeAlias

from midspan.exporters.console._text import cells, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ASCII",
    "BOLD",
    "DIM",
    "ERROR",
    "NATIVE",
    "PLAIN",
    "REVERSE",
    "UNICODE",
    "Glyphs",
    "Segment",
    "glyphs_for",
    "painted",
    "service_style",
    "wants_color",
]


class Glyphs(NamedTuple):
    """The characters that a picture is made of."""

    rule: str
    rail: str
    fork: str
    corner: str
    error: str
    event: str
    link: str
    orphan: str
    square: str
    dot: str
    ellipsis: str
    micro: str
    axis: tuple[str, str, str]
    block: str
    # A bar's last cell, by how many eighths of it are filled; empty if only whole cells can be shown.
    eighths: str
    # How high a bucket of a histogram stands: the first is an empty one's.
    levels: str
    times: str


UNICODE: Final = Glyphs(
    "─",
    "│  ",
    "├─ ",
    "╰─ ",
    "✗",
    "•",
    "↗",
    "⋯ ",
    "■",
    "·",
    "…",
    "µ",
    ("├", "─", "┤"),
    "█",
    " ▏▎▍▌▋▊▉",
    "·▁▂▃▄▅▆▇█",
    "×",  # noqa: RUF001 - times, not the letter
)
ASCII: Final = Glyphs(
    "-",
    "|  ",
    "|- ",
    "`- ",
    "x",
    "*",
    "^",
    "~ ",
    "#",
    "|",
    "~",
    "u",
    ("|", "-", "|"),
    "=",
    "",
    ".:-=+*#%@",
    "x",
)

# A stretch of a line, and the SGR parameters to show it with ("" for none).
Segment: TypeAlias = "tuple[str, str]"

# The sixteen basic colours follow the terminal's theme, light or dark.
PLAIN: Final = ""
BOLD: Final = "1"
DIM: Final = "90"
ERROR: Final = "1;31"
NATIVE: Final = "32"
REVERSE: Final = "7;"
_SERVICES: Final = ("36", "33", "35", "94", "96", "93", "95", "34")


def service_style(number: int) -> str:
    """Return the style of the service that comes as number `number` in a trace."""
    return _SERVICES[number % len(_SERVICES)]


def painted(segments: Iterable[Segment], width: int, glyphs: Glyphs, *, color: bool) -> str:
    """Return a line of at most `width` cells, without blanks at its end."""
    line, room, blanks = [], width, ""
    for text, style in segments:
        shown = cut(text, room, glyphs.ellipsis)
        room -= cells(shown)
        stripped = shown.rstrip(" ")
        if stripped:
            line.append(blanks + (f"\x1b[{style}m{stripped}\x1b[0m" if color and style else stripped))
            blanks = ""
        blanks += shown[len(stripped) :]
    return "".join(line)


def wants_color(file: IO[str], environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether to colour what goes to a file: on a terminal, unless the user says otherwise.

    `NO_COLOR` and `FORCE_COLOR` (no-color.org, force-color.org) count when they are not empty, in this order.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    if environment.get("TERM") == "dumb":
        return False
    try:
        return bool(file.isatty())
    except (AttributeError, ValueError):  # no such method, or closed
        return False


def glyphs_for(encoding: str | None) -> Glyphs:
    """Return box drawing if text in this encoding can hold it, else ASCII."""
    try:
        "".join(map("".join, UNICODE)).encode(encoding or "ascii")
    except (UnicodeError, LookupError):
        return ASCII
    return UNICODE
