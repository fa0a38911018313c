"""Print each trace when it is complete here."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections import deque
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from midspan import _trouble
from midspan.exporters.console._render import render
from midspan.exporters.console._style import ASCII, glyphs_for, wants_color
from midspan.exporters.console._table import render_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.metrics import Metric
    from midspan.trace import Span

__all__ = ["ConsoleExporter"]

_MAX_WAITING: Final = 10_000
_WIDTH_OF_A_FILE: Final = 120
_POLL_S: Final = 0.005


class _Canvas(NamedTuple):
    """What can be shown where it is printed."""

    width: int
    color: bool
    ascii_only: bool
    encoding: str

    def fit(self, picture: str) -> str:
        """Return a picture and an empty line; what the encoding cannot hold is shown in escapes."""
        return picture.encode(self.encoding, "backslashreplace").decode(self.encoding) + "\n"


class ConsoleExporter:
    """Print a tree for each trace, as soon as the span ends that began it in this process.

    Spans of the trace that end later are printed by the next flush, or by the shutdown; a mark in front of
    them says that their parent stands elsewhere. At most 10,000 spans wait for their trace to be complete;
    then the oldest trace is printed as far as it came.

    Metrics are printed as a table each time they are collected: every ten seconds unless
    `OTEL_METRIC_EXPORT_INTERVAL` says otherwise, at each flush, and at the end.
    """

    name = "console"
    # A person wants to see a trace when it happens, not when a queue is emptied.
    synchronous = True
    # The default of OpenTelemetry's specification ("Metrics Exporter - Standard output").
    metric_interval_s = 10.0

    def __init__(
        self,
        file: IO[str] | None = None,
        color: bool | None = None,  # noqa: FBT001 - as fixed for all who make one
        width: int | None = None,
        *,
        attributes: bool = False,
    ) -> None:
        """Take where to print (by default, what is standard output then), and how.

        Without `color`, there are colours on a terminal only (and as `NO_COLOR` and `FORCE_COLOR` say).
        Without `width`, lines are as long as the terminal is wide. `attributes` shows those of each span.
        """
        self._file = file
        self._color = color
        self._width = width
        self._attributes = attributes
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._arrived: deque[Span] = deque()
        self._collected: deque[Sequence[Metric]] = deque()
        self._printing = threading.Lock()
        self._waiting: dict[int, list[Span]] = {}
        self._count = 0
        self._flushing = False

    def export_spans(self, spans: Sequence[Span]) -> bool:
        """Take finished spans, and print what they complete; False if that could not be written."""
        self._notice_fork()
        self._arrived.extend(spans)
        return self._work()

    def export_metrics(self, metrics: Sequence[Metric]) -> bool:
        """Print a table of what was collected; False if that could not be written."""
        self._notice_fork()
        if metrics:
            self._collected.append(metrics)
        return self._work()

    def _notice_fork(self) -> None:
        if self._pid != os.getpid():
            # What waited in the parent is the parent's to print, and its lock may be held for ever.
            self._begin()

    def _work(self) -> bool:
        """Print what is complete; if another thread is at it, that one does this as well.

        Nobody waits for the lock: a signal handler may end spans in the middle of this.
        """
        done = True
        while self._arrived or self._collected or self._flushing:
            if not self._printing.acquire(blocking=False):
                return done
            try:
                done = self._print(self._take()) and done
            finally:
                self._printing.release()
        return done

    def _take(self) -> list[list[Span]]:
        """Sort in what has arrived; return the traces to print now."""
        flushing, self._flushing = self._flushing, False
        complete: dict[int, None] = {}
        while self._arrived:
            span = self._arrived.popleft()
            trace_id = span.context.trace_id
            self._waiting.setdefault(trace_id, []).append(span)
            self._count += 1
            if span.parent is None or span.parent.is_remote:
                complete[trace_id] = None
        printable = [self._pop(trace_id) for trace_id in complete]
        while self._waiting and (flushing or self._count > _MAX_WAITING):
            printable.append(self._pop(next(iter(self._waiting))))
        return printable

    def _pop(self, trace_id: int) -> list[Span]:
        spans = self._waiting.pop(trace_id)
        self._count -= len(spans)
        return spans

    def _print(self, complete: list[list[Span]]) -> bool:
        """Print traces, then what was collected: a table may point into the traces above it."""
        if not complete and not self._collected:
            return True
        file = self._file if self._file is not None else sys.stdout
        try:
            canvas = self._canvas(file)
            for spans in complete:
                picture = render(
                    spans,
                    canvas.width,
                    canvas.color,
                    attributes=self._attributes,
                    ascii_only=canvas.ascii_only,
                )
                file.write(canvas.fit(picture))
            while self._collected:
                metrics = self._collected.popleft()
                picture = render_metrics(metrics, canvas.width, canvas.color, ascii_only=canvas.ascii_only)
                file.write(canvas.fit(picture))
            file.flush()
        except Exception as error:  # noqa: BLE001 - a stream may be closed, broken or the application's own
            _trouble.report("console.not_written", "telemetry could not be printed", error=error)
            return False
        return True

    def _canvas(self, file: IO[str]) -> _Canvas:
        encoding = getattr(file, "encoding", None) or "utf-8"
        return _Canvas(
            self._width or shutil.get_terminal_size((_WIDTH_OF_A_FILE, 24)).columns,
            wants_color(file) if self._color is None else self._color,
            glyphs_for(encoding) is ASCII,
            encoding,
        )

    def force_flush(self, timeout_s: float) -> bool:
        """Print what waits, complete or not; False if that could not be written within the time."""
        deadline_s = time.monotonic() + timeout_s
        self._flushing = True
        done = self._work()
        while self._flushing or self._printing.locked():
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(_POLL_S)
        return done

    def shutdown(self, timeout_s: float) -> bool:
        """Do as `force_flush`; the stream is left open."""
        return self.force_flush(timeout_s)

    def __repr__(self) -> str:
        return f"ConsoleExporter({len(self._arrived) + self._count} spans waiting)"
