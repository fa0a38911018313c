"""Write spans and metrics to a file, each batch as one line of OTLP/JSON, and read them back.

The OpenTelemetry Collector's `otlpjsonfile` receiver reads such files, and its `file` exporter writes them.
Only the standard library is used.

>>> import os, tempfile
>>> from midspan import metrics, sdk, trace
>>> path = os.path.join(tempfile.mkdtemp(), "telemetry.jsonl")
>>> pipeline = sdk.configure(exporters=[JSONLinesExporter(path)], self_metrics=False)
>>> trace.get_tracer("shop").start_span("charge").end()
>>> metrics.get_meter("shop").create_counter("charges").add(1)
>>> pipeline.shutdown()
True
>>> with open(path, encoding="utf-8") as lines:
...     [span.name for span in read(lines)]
['charge']
>>> with open(path, encoding="utf-8") as lines:
...     [metric.name for metric in read_metrics(lines)]
['charges']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan._environment import Environment
from midspan.exporters._json_form import json_of_spans
from midspan.exporters._json_metrics import json_of_metrics
from midspan.exporters._json_read import SpanRecord, read
from midspan.exporters._json_read_metrics import read_metrics
from midspan.exporters._lines import STDOUT, Lines

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import IO

    from midspan.metrics import Metric
    from midspan.trace import Span

__all__ = [
    "JSONLinesExporter",
    "SpanRecord",
    "json_of_metrics",
    "json_of_spans",
    "read",
    "read_metrics",
]

_PATH_VARIABLE: Final = "MIDSPAN_JSONL_PATH"
_METRICS_PATH_VARIABLE: Final = "MIDSPAN_JSONL_METRICS_PATH"


class JSONLinesExporter:
    """Append each batch of spans, and each collection of metrics, to a file, as one line.

    The file is opened anew for each line: it may be moved away (logrotate), and a forked child inherits
    nothing. Lines of several processes do not mix as long as the file is on a local file system.
    """

    name = "jsonl"

    def __init__(
        self,
        path_or_file: str | os.PathLike[str] | IO[str] | None = None,
        *,
        metrics: str | os.PathLike[str] | IO[str] | None = None,
    ) -> None:
        """Take a path, `"-"` for standard output, or an open text file, which is left open.

        Without one, `MIDSPAN_JSONL_PATH` says where to write, and without that it is standard output.
        `metrics`, or else `MIDSPAN_JSONL_METRICS_PATH` when the first is not given either, says where metrics
        go if they are not to stand beside the spans.

        Raises:
            OSError: A file cannot be opened to append to it.
        """
        apart = metrics
        if path_or_file is None:
            read = Environment()
            path_or_file = read.text(_PATH_VARIABLE) or STDOUT
            apart = apart or read.text(_METRICS_PATH_VARIABLE)
        self._lines = Lines(path_or_file)
        self._metric_lines = self._lines if apart is None else Lines(apart)

    def export_spans(self, spans: Sequence[Span]) -> bool:
        """Append one line; False, counted and said, if it could not be written."""
        return self._lines.append(json_of_spans(spans), "spans")

    def export_metrics(self, metrics: Sequence[Metric]) -> bool:
        """Append one line; False, counted and said, if it could not be written."""
        return self._metric_lines.append(json_of_metrics(metrics), "metrics")

    def shutdown(self, timeout_s: float) -> None:
        """Do nothing: each line was written out when it came."""

    def __repr__(self) -> str:
        target, metrics = self._lines.target, self._metric_lines.target
        apart = "" if metrics is target else f", metrics={metrics!r}"
        return f"JSONLinesExporter({target!r}{apart})"
