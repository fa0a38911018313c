"""Measure midspan beside its peers: `python -m compat_tests.performance`."""

from __future__ import annotations
