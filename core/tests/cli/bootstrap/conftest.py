"""An environment of our own making: distributions that are folders of metadata, and midspan's real ones."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

import pytest

from midspan.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REAL = metadata.distribution("midspan")


class Run(NamedTuple):
    """What a run of the command has left."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it has printed, without indentation."""
        return [" ".join(line.split()) for line in self.out.splitlines()]


class Site:
    """The folder that stands for `site-packages`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, version: str, *requires: str, extras: tuple[str, ...] = ()) -> None:
        """Put a distribution there: its metadata alone."""
        about = [
            "Metadata-Version: 2.1",
            f"Name: {name}",
            f"Version: {version}",
            *(f"Requires-Dist: {each}" for each in requires),
            *(f"Provides-Extra: {each}" for each in extras),
        ]
        self.write(f"{name.replace('-', '_')}-{version}.dist-info/METADATA", "\n".join([*about, ""]))

    def write(self, path: str, text: str) -> None:
        """Write a file there."""
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Return an environment that holds midspan and nothing else, with no settings."""
    for name in list(os.environ):
        if name.startswith(("OTEL_", "MIDSPAN_", "JAEGER_")):
            monkeypatch.delenv(name)
    site = Site(tmp_path / "site")
    site.folder.mkdir()
    for file in ("METADATA", "entry_points.txt"):
        site.write(f"midspan-{REAL.version}.dist-info/{file}", REAL.read_text(file) or "")
    others = [entry for entry in sys.path if "site-packages" not in entry and "dist-packages" not in entry]
    monkeypatch.setattr(sys, "path", [str(site.folder), *others])
    # What another test has imported would be found without a path.
    for point in metadata.entry_points(group="midspan.integrations"):
        top = point.load().LIBRARY.module.partition(".")[0]
        if top not in sys.stdlib_module_names:
            for module in [name for name in sys.modules if name.partition(".")[0] == top]:
                monkeypatch.delitem(sys.modules, module)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    return site


@pytest.fixture
def bootstrap(site: Site, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return a function that runs `midspan bootstrap` with some words."""

    def run(*words: str) -> Run:
        code = main(["bootstrap", *words])
        said = capsys.readouterr()
        return Run(code, said.out, said.err)

    return run
