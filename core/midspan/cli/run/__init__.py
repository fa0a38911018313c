"""`midspan run`: instrument an application without touching it."""

from __future__ import annotations

from midspan.cli.run._command import command

__all__ = ["command"]
