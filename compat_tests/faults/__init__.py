"""Do to midspan what production does, and to its peer the same: `python -m compat_tests.faults`."""

from __future__ import annotations
