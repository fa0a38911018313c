"""Configure as the application would, send, and put what came back in order."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import sdk
from midspan.cli.doctor._judging import judge
from midspan.cli.doctor._outlets import about, address_of, outlets_of
from midspan.cli.doctor._refusals import RefusedError, note_refusal, refused_until, without
from midspan.cli.doctor._report import Backend
from midspan.cli.doctor._sending import send_through
from midspan.cli.doctor._values import ask_sampler, look_at_settings, said_by
from midspan.sdk._environment import Environment
from midspan.sdk._plugins import load_exporter
from midspan.sdk._wiring import named_exporters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from midspan.cli.doctor._outlets import Outlet
    from midspan.cli.doctor._report import Report

__all__ = ["Wanted", "examine"]

# A failed attempt is an answer, too: nothing is sent again, and nobody is waited for.
_ONCE: Final = sdk.DeliverySettings(budget_s=0.0, first_pause_s=0.0, longest_pause_s=0.0, longest_told_s=0.0)
# The test must not stop at the switch that turns all of it off, nor touch what an application has on disk.
_NOT_FOR_THE_TEST: Final = ("OTEL_SDK_DISABLED", "MIDSPAN_SPILL")
_CLOSE_S: Final = 1.0


class Wanted(NamedTuple):
    """What is to be tried: the exporters of the variables, or one, perhaps at another endpoint."""

    exporter: str | None = None
    endpoint: str | None = None
    timeout_s: float = 10.0
    sends: bool = True

    @property
    def options(self) -> tuple[str, ...]:
        """What this command was told about the exporter."""
        return tuple(f"--{name}" for name in ("exporter", "endpoint") if getattr(self, name))


def examine(report: Report, wanted: Wanted, readings: dict[str, str | None]) -> frozenset[str]:
    """Try it as the application would, and return the variables that are refused.

    Where it cannot be configured even without these, each exporter is tried by itself.
    """

    def attempt() -> None:
        # What an earlier attempt has read may be refused by now.
        readings.clear()
        _try(report, wanted, readings, {})

    refused, is_done = refused_until(report, attempt)
    if not is_done and wanted.exporter is None:
        with without(refused):
            _try_each(report, wanted, readings)
    return refused


def _try_each(report: Report, wanted: Wanted, readings: Mapping[str, str | None]) -> None:
    variables = ("OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER")
    lists = named_exporters(Environment())
    for name in dict.fromkeys(lists[0] + lists[1]):
        only = {
            variable: name if name in names else "none"
            for variable, names in zip(variables, lists, strict=True)
        }
        try:
            _try(report, wanted, readings, only)
        except RefusedError as refusal:
            note_refusal(report, refusal)


def _try(report: Report, wanted: Wanted, readings: Mapping[str, str | None], only: Mapping[str, str]) -> None:
    variables = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_THE_TEST}
    with _overheard() as lines, contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            pipeline = _configured(wanted, {**variables, **only})
            for line in lines:
                report.add("warning", line)
            if not report.settings:
                look_at_settings(report, pipeline, readings)
                if wanted.sends:
                    ask_sampler(report, pipeline, readings)
            outlets = outlets_of(pipeline)
            backends = _backends(outlets, wanted, readings)
            answers = send_through(pipeline, outlets, wanted.timeout_s) if wanted.sends else None
            judge(report, backends, outlets, answers, lines, wanted.timeout_s)
        finally:
            # What is on its way still is given a moment; then the process is left as it was.
            sdk.reset(timeout_s=_CLOSE_S)
    _tell_what_was_printed(report, printed.getvalue())


def _configured(wanted: Wanted, environment: Mapping[str, str]) -> sdk.Pipeline:
    try:
        return sdk.configure(
            exporters=_exporters(wanted), delivery=_ONCE, environment=environment, exit_timeout_s=_CLOSE_S
        )
    except Exception as error:
        # An exporter is anybody's, and may raise anything while it is made.
        raise RefusedError(error) from error


def _exporters(wanted: Wanted) -> list[Any] | None:
    if wanted.exporter is None:
        return None
    if wanted.endpoint is None:
        return [wanted.exporter]
    try:
        return [load_exporter(wanted.exporter, endpoint=wanted.endpoint)]
    except TypeError as error:
        message = f"the exporter {wanted.exporter!r} takes no endpoint ({error})"
        raise sdk.ConfigurationError(message) from error


def _backends(
    outlets: list[Outlet], wanted: Wanted, readings: Mapping[str, str | None]
) -> dict[str, Backend]:
    """Return the exporters by name, each once."""
    return {
        outlet.name: Backend(
            outlet.name,
            address_of(outlet.exporter),
            about(outlet.exporter),
            wanted.options or said_by(readings, outlet.name),
        )
        for outlet in outlets
    }


def _tell_what_was_printed(report: Report, printed: str) -> None:
    lines = len(printed.strip().splitlines())
    if lines:
        report.add("note", f"{lines} lines were printed by exporters to standard output, and are not shown")


class _Listener(logging.Handler):
    """Keep what midspan has to say."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextlib.contextmanager
def _overheard() -> Iterator[list[str]]:
    """Listen to midspan's own logger, in place of whoever does; its level is what it was, afterwards."""
    logger, listener = logging.getLogger("midspan"), _Listener()
    before = logger.propagate, logger.level
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield listener.lines
    finally:
        logger.removeHandler(listener)
        logger.propagate = before[0]
        logger.setLevel(before[1])
