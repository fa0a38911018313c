"""Write a report for machines: one JSON document, whose form docs/doctor.md describes."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.cli.doctor._network import Reached
    from midspan.cli.doctor._report import Backend, Report

__all__ = ["write_json"]


def write_json(report: Report, file: IO[str], hide: Callable[[str], str]) -> None:
    """Write a report; every text in it goes through `hide`."""
    document = {
        "exit_code": report.exit_code,
        "versions": report.versions,
        "trace_id": report.trace_id or None,
        "findings": [{"level": f.level, "text": f.text, "remedy": f.remedy or None} for f in report.findings],
        "exporters": [_backend(backend) for backend in report.backends],
        "settings": [each._asdict() for each in report.settings],
        "variables": [each._asdict() for each in report.variables],
        "plug_ins": [each._asdict() for each in report.plug_ins],
    }
    file.write(json.dumps(_hidden(document, hide), indent=2) + "\n")


def _backend(backend: Backend) -> dict[str, Any]:
    said = asdict(backend)
    return {
        **said,
        "reached": [_reached(each) for each in backend.reached],
        "sent": [each._asdict() for each in backend.sent],
    }


def _reached(reached: Reached) -> dict[str, Any]:
    return {**reached._asdict(), "place": reached.place._asdict()}


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:  # noqa: ANN401 - what JSON has
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: _hidden(each, hide) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(each, hide) for each in value]
    return value
