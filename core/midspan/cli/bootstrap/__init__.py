"""`midspan bootstrap`: which extras an environment lacks, and how it gets them."""

from __future__ import annotations

from midspan.cli.bootstrap._command import command

__all__ = ["command"]
