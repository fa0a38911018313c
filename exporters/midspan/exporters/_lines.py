"""Append lines to a file that others may append to, move away, or let the disk run full under."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble

if TYPE_CHECKING:
    from typing import IO

__all__ = ["STDOUT", "Lines"]

STDOUT: Final = "-"
# Several processes may append to one file: each line goes out in one write to its end.
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_MODE: Final = 0o666


class Lines:
    """A path, opened anew for each line, or an open text file, which is left open."""

    def __init__(self, path_or_file: str | os.PathLike[str] | IO[str]) -> None:
        """Take where to write; `"-"` is what standard output is when a line is written.

        Raises:
            OSError: The file cannot be opened to append to it.
        """
        self._file: IO[str] | None = None
        self._path: str | None = None
        # Whether the last line may lack its end: the disk was full, say. The next line then begins a new one.
        self._is_torn = False
        if isinstance(path_or_file, (str, os.PathLike)):
            if path_or_file != STDOUT:
                self._path = os.fspath(path_or_file)
                os.close(os.open(self._path, _APPEND, _MODE))
        else:
            self._file = path_or_file

    def append(self, line: str, what: str) -> bool:
        """Append one line that holds `what`; False, counted and said, if it could not be written."""
        try:
            if self._path is None:
                self._write(line + "\n")
            else:
                self._append(line.encode() + b"\n", self._path)
        except (OSError, ValueError) as error:
            _trouble.report(
                "jsonl.not_written", f"{what} could not be written to %s", self.target, error=error
            )
            return False
        return True

    def _write(self, line: str) -> None:
        file = self._file if self._file is not None else sys.stdout
        file.write(line)
        file.flush()

    def _append(self, line: bytes, path: str) -> None:
        data = b"\n" + line if self._is_torn else line
        descriptor = os.open(path, _APPEND, _MODE)
        try:
            self._is_torn = True
            while data:
                data = data[os.write(descriptor, data) :]
            self._is_torn = False
        finally:
            os.close(descriptor)

    @property
    def target(self) -> Any:  # noqa: ANN401 - a path or a file, for messages
        """Where the lines go."""
        return self._path or self._file or "standard output"
