"""Write for a terminal, or for a file, as it is best read there."""

from __future__ import annotations

import os
import shutil
import textwrap
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pen"]

_UNICODE: Final = {"trouble": "✗", "warning": "!", "note": "·", "well": "✓", "remedy": "→"}
_ASCII: Final = {"trouble": "x", "warning": "!", "note": "-", "well": "+", "remedy": "->"}
_COLORS: Final = {
    "trouble": "31;1",
    "warning": "33;1",
    "note": "2",
    "well": "32",
    "remedy": "36",
    "head": "1",
}
_WIDTH_OF_A_FILE: Final = 10_000


class Pen:
    """What can be written where it goes: marks, colours, and how wide a line may be."""

    def __init__(self, file: IO[str]) -> None:
        is_terminal = bool(getattr(file, "isatty", lambda: False)())
        is_dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
        self._has_color = is_terminal and not is_dumb
        self._encoding = getattr(file, "encoding", None) or "utf-8"
        # In a file, each finding stays on its line, where grep finds it whole.
        self._width = shutil.get_terminal_size((100, 24)).columns if is_terminal else _WIDTH_OF_A_FILE
        try:
            "".join(_UNICODE.values()).encode(self._encoding)
            self.marks, self.between = _UNICODE, " · "
        except UnicodeEncodeError:
            self.marks, self.between = _ASCII, ", "

    def color(self, kind: str, text: str) -> str:
        """Return a text in the colour of its kind, if there are colours."""
        return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if self._has_color and text else text

    def mark(self, kind: str) -> str:
        """Return the mark of a kind."""
        return self.color(kind, self.marks[kind])

    def marked(self, kind: str, text: str, indent: str = "") -> Iterator[str]:
        """Yield the lines of a text behind its mark."""
        lines = self.folded(text, len(indent) + len(self.marks[kind]) + 1)
        yield f"{indent}{self.mark(kind)} {next(lines).lstrip()}"
        yield from lines

    def folded(self, text: str, indent: int) -> Iterator[str]:
        """Yield the lines of a text, all of them indented."""
        room = max(self._width - indent, 20)
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        yield from (" " * indent + line for line in lines)

    def fit(self, text: str) -> str:
        """Return a text as its file can hold it."""
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)
