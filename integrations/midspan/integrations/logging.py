"""Write into each log record which trace it belongs to, and records as JSON if that is wanted.

>>> import logging
>>> from midspan.integrations import logging as integration
>>> integration.instrument()
>>> logging.Formatter("%(trace_id)s %(message)s").format(logging.makeLogRecord({"msg": "hello"}))
'00000000000000000000000000000000 hello'
>>> integration.uninstrument()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library
from midspan.integrations._log_records import (
    DEFAULT_FIELDS,
    OPENTELEMETRY_FIELDS,
    OPENTELEMETRY_FORMAT,
    JSONFormatter,
    correlating,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "OPENTELEMETRY_FIELDS", "JSONFormatter", "instrument", "uninstrument"]

LIBRARY: Final = Library(None, "logging")

_integration: Final = Integration("logging", LIBRARY)


def instrument(fields: Mapping[str, str] | None = None, *, format: str | None = None) -> None:  # noqa: A002 - logging's own word
    """Give each log record the ids of the current span; all zeros where there is none.

    `fields` says which attribute of the record has what: of `trace_id` (32 hexadecimal digits), `span_id`
    (16) and `trace_flags` (2). By default they are called so; `OPENTELEMETRY_FIELDS` are the names that
    formats written for OpenTelemetry expect.

    `format` configures the root logger, if it has no handler yet, as `logging.basicConfig` does. With
    OpenTelemetry's `OTEL_PYTHON_LOG_CORRELATION=true` that is done with `OTEL_PYTHON_LOG_FORMAT` and those
    fields, unless something else is given.

    Raises:
        ConfigurationError: A field is not known.
    """
    environment = Environment()
    is_asked_for = environment.boolean("OTEL_PYTHON_LOG_CORRELATION")
    if is_asked_for and format is None:
        format = environment.text("OTEL_PYTHON_LOG_FORMAT") or OPENTELEMETRY_FORMAT  # noqa: A001 - as above
    if fields is None:
        fields = OPENTELEMETRY_FIELDS if is_asked_for else DEFAULT_FIELDS
    unknown = sorted(set(fields) - set(DEFAULT_FIELDS))
    if unknown:
        allowed = ", ".join(DEFAULT_FIELDS)
        raise ConfigurationError(f"fields={', '.join(unknown)} is not known: allowed are {allowed}")
    chosen = dict(fields)

    def put(patches: Patches) -> None:
        import logging  # noqa: PLC0415 - as the other integrations do

        # Whoever logs makes its record here, by whatever factory the application has set before or will set.
        patches.around(logging.Logger, "makeRecord", correlating(patches, chosen))
        patches.around(logging, "makeLogRecord", correlating(patches, chosen))
        if format is not None:
            logging.basicConfig(format=format)

    _integration.turn_on(("logging",), put)


def uninstrument() -> None:
    """Make records without ids again. A format that names them fails then: change it first."""
    _integration.turn_off()
