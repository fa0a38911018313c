"""The two libraries behind the same few verbs, so that one program does the same to both."""

from __future__ import annotations
