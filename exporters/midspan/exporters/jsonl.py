"""Write spans to a file, each batch as one line of OTLP/JSON, and read them back.

The OpenTelemetry Collector's `otlpjsonfile` receiver reads such files. Only the standard library is used.

>>> import os, tempfile
>>> from midspan import sdk, trace
>>> path = os.path.join(tempfile.mkdtemp(), "spans.jsonl")
>>> pipeline = sdk.configure(exporters=[JSONLinesExporter(path)])
>>> trace.get_tracer("shop").start_span("charge").end()
>>> pipeline.shutdown()
True
>>> with open(path, encoding="utf-8") as lines:
...     [span.name for span in read(lines)]
['charge']
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._json_form import json_of_spans
from midspan.exporters._json_read import SpanRecord, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from midspan.trace import Span

__all__ = ["JSONLinesExporter", "SpanRecord", "json_of_spans", "read"]

_PATH_VARIABLE: Final = "MIDSPAN_JSONL_PATH"
_STDOUT: Final = "-"
# Several processes may append to one file: each line goes out in one write to its end.
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_MODE: Final = 0o666


class JSONLinesExporter:
    """Append each batch of spans to a file, as one line.

    The file is opened anew for each line: it may be moved away (logrotate), and a forked child inherits
    nothing. Lines of several processes do not mix as long as the file is on a local file system.
    """

    name = "jsonl"

    def __init__(self, path_or_file: str | os.PathLike[str] | IO[str] | None = None) -> None:
        """Take a path, `"-"` for standard output, or an open text file, which is left open.

        Without one, `MIDSPAN_JSONL_PATH` says where to write, and without that it is standard output.

        Raises:
            OSError: The file cannot be opened to append to it.
        """
        target = path_or_file if path_or_file is not None else os.environ.get(_PATH_VARIABLE) or _STDOUT
        self._file: IO[str] | None = None
        self._path: str | None = None
        # Whether the last line may lack its end: the disk was full, say. The next line then begins a new one.
        self._is_torn = False
        if isinstance(target, (str, os.PathLike)):
            if target != _STDOUT:
                self._path = os.fspath(target)
                os.close(os.open(self._path, _APPEND, _MODE))
        else:
            self._file = target

    def export_spans(self, spans: Sequence[Span]) -> bool:
        """Append one line; False, counted and said, if it could not be written."""
        line = json_of_spans(spans) + "\n"
        try:
            if self._path is None:
                self._write(line)
            else:
                self._append(line.encode(), self._path)
        except (OSError, ValueError) as error:
            _trouble.report(
                "jsonl.not_written", "spans could not be written to %s", self._target, error=error
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

    def shutdown(self, timeout_s: float) -> None:
        """Do nothing: each line was written out when it came."""

    @property
    def _target(self) -> Any:  # noqa: ANN401 - a path or a file, for messages
        return self._path or self._file or "standard output"

    def __repr__(self) -> str:
        return f"JSONLinesExporter({self._target!r})"
