"""Say what a library under trial needs: a line in a catalogue, a scenario, pins in a requirements file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Some of the libraries do not run on a later one.
PYTHON = "3.11"


@dataclass(frozen=True)
class Library:
    """One distribution on PyPI and how it is tried.

    Attributes:
        name: the distribution.
        environment: which of requirements-*.txt, beside its catalogue, it runs in.
        scenario: the module in scenarios/, beside its catalogue, that uses it.
        servers: the servers it talks to, by their names in `_servers`.
        actors: the forms of midspan that it is played over; see scenarios/_stage.py.
    """

    name: str
    environment: str
    scenario: str
    servers: tuple[str, ...] = ()
    actors: tuple[str, ...] = ("midspan",)
