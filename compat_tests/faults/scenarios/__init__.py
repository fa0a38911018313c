"""One module a scenario: the program that both sides play, and `run(plan)`, which judges what came of it."""

from __future__ import annotations

__all__ = ["NAMES"]

NAMES = (
    "signals",
    "finalizers",
    "forks",
    "processes",
    "servers",
    "clocks",
    "generators",
    "cycles",
    "raising",
    "hanging",
    "exits",
    "bursts",
    "delivery",
    "over_grpc",
    "spilling",
    "values",
    "harmless",
    "greenlets",
    "logs",
)
