"""The `midspan` command: a short word for what a person does with midspan, each word brought by a plug-in."""

from __future__ import annotations

from midspan.cli._main import main

__all__ = ["main"]
