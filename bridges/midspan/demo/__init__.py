"""`midspan demo`: services of different ages, real processes, one trace."""

from __future__ import annotations

from midspan.demo._command import command

__all__ = ["command"]
