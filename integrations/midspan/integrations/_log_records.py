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
                # A factory of the application's own may make anything.
                kept = getattr(record, "__dict__", {})
                for field, attribute in fields.items():
                    # What the caller says in `extra`, or a record that comes from elsewhere, is believed.
                    kept.setdefault(attribute, found[field])
            return record

        return make

    return around


class JSONFormatter(logging.Formatter):
    """Write each record as one line of JSON: time, severity, logger, message, ids, exception, stack, extras.

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
                "message": _text(record.exc_info[1]),
                "stacktrace": self.formatException(record.exc_info),
            }
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        for name, value in vars(record).items():
            # Those of opencensus-ext-logging would tell the ids a second time.
            is_told = name in _OPENCENSUS and value == line[_OPENCENSUS[name]]
            if name not in _OWN and name not in line and not is_told:
                line[_text(name)] = value
        return _one_line(line)


def _one_line(fields: dict[str, Any]) -> str:
    try:
        text = _encoder.encode(fields)
    except (TypeError, ValueError, RecursionError):
        # One of them is what JSON has no word for (NaN, a circle, odd keys): that one alone is told as text.
        text = _encoder.encode({name: _sayable(value) for name, value in fields.items()})
    # Half a character, which no file can hold, is escaped as JSON does.
    return text.encode("utf-8", "backslashreplace").decode()


def _sayable(value: object) -> object:
    try:
        _encoder.encode(value)
    except (TypeError, ValueError, RecursionError):
        return _text(value)
    return value


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an object of the application's own may raise whatever it likes
        return f"<{type(value).__name__} that cannot be shown>"


_encoder: Final = json.JSONEncoder(default=_text, ensure_ascii=False, allow_nan=False)
