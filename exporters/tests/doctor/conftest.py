"""The command with our own exporters, against servers on loopback."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from exporters.tests.otlp.conftest import collector, speak, tls_collector
from midspan.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["collector", "speak", "tls_collector"]


class Run(NamedTuple):
    """An exit code, and the document of a run."""

    code: int
    told: dict[str, Any]

    @property
    def troubles(self) -> list[tuple[str, str | None]]:
        """What is in the way, each with its remedy."""
        return [
            (each["text"], each["remedy"]) for each in self.told["findings"] if each["level"] == "trouble"
        ]

    @property
    def sent(self) -> dict[str, str]:
        """The verdicts, by exporter and signal."""
        return {
            f"{backend['name']} {each['signal']}": each["verdict"]
            for backend in self.told["exporters"]
            for each in backend["sent"]
        }


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the machine's owner has set."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "MIDSPAN_", "JAEGER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Return a function that runs the command under some variables."""

    def run(*words: str, **variables: str) -> Run:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        code = main(["doctor", "--json", *words])
        return Run(code, json.loads(capsys.readouterr().out))

    return run
