"""What a log record is given, and how it is written as JSON."""

from __future__ import annotations

import json
import logging
import time
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan import trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from midspan.integrations._patches import Patches

__all__ = [
    "DEFAULT_FIELDS",
    "OPENTELEMETRY_FIELDS",
    "OPENTELEMETRY_FORMAT",
    "JSONFormatter",
    "correlating",
]

# The names of OpenTelemetry's "Trace Context in non-OTLP Log Formats".
DEFAULT_FIELDS: Final = {"trace_id": "trace_id", "span_id": "span_id", "trace_flags": "trace_flags"}
OPENTELEMETRY_FIELDS: Final = {
    "trace_id": "otelTraceID",
    "span_id": "otelSpanID",
    "trace_flags": "otelTraceSampled",
}
OPENTELEMETRY_FORMAT: Final = (
    "%(asctime)s %(levelname)s [%(name)s] [%(filename)s:%(lineno)d]"
    " [trace_id=%(otelTraceID)s span_id=%(otelSpanID)s trace_sampled=%(otelTraceSampled)s] - %(message)s"
)
_OPENCENSUS: Final = {"traceId": "trace_id", "spanId": "span_id"}
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def correlating(patches: Patches, fields: Mapping[str, str]) -> Callable[[Any], Any]:
    """Return what is put around a function that makes log records."""

    def around(native: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
        @wraps(native)
        def make(*arguments: Any, **named: Any) -> logging.LogRecord:  # noqa: ANN401 - logging's own
            record = native(*arguments, **named)
            if patches.on:
                context = trace.get_current_span().context
                found = {
                    "trace_id": f"{context.trace_id:032x}",
                    "span_id": f"{context.span_id:016x}",
                    "trace_flags": f"{context.trace_flags:02x}",
                }
                for field, attribute in fields.items():
                    # What the caller says in `extra`, or a record that comes from elsewhere, is believed.
                    vars(record).setdefault(attribute, found[field])
            return record

        return make

    return around


class JSONFormatter(logging.Formatter):
    """Write each record as one line of JSON: time, severity, logger, message, ids, exception, and extras.

    The ids are those that `instrument()` has put into the record, else those of the span that is current
    where the record is formatted. What JSON cannot hold is written as its text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        context = trace.get_current_span().context
        line: dict[str, Any] = {
            "timestamp": f"{seconds}.{int(record.created % 1 * 1e6):06d}Z",
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": getattr(record, "trace_id", None) or f"{context.trace_id:032x}",
            "span_id": getattr(record, "span_id", None) or f"{context.span_id:016x}",
            "trace_flags": getattr(record, "trace_flags", None) or f"{context.trace_flags:02x}",
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = {
                "type": record.exc_info[0].__qualname__,
                "message": str(record.exc_info[1]),
                "stacktrace": self.formatException(record.exc_info),
            }
        for name, value in vars(record).items():
            # Those of opencensus-ext-logging would tell the ids a second time.
            if name not in _OWN and name not in line and value != line.get(_OPENCENSUS.get(name, "")):
                line[name] = value
        return json.dumps(line, default=_text, ensure_ascii=False)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an object of the application's own may raise whatever it likes
        return f"<{type(value).__name__} that cannot be shown>"
