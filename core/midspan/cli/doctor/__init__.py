"""`midspan doctor`: what a person runs first when nothing arrives."""

from __future__ import annotations

from midspan.cli.doctor._command import command

__all__ = ["command"]
