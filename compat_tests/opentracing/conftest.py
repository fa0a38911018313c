"""What all tests against OpenTracing's own software need."""

from __future__ import annotations

import asyncio
import sys
import unittest.mock
from typing import TYPE_CHECKING

import pytest

from midspan import sdk, testing

if TYPE_CHECKING:
    from collections.abc import Iterator

# OpenTracing's harness was written when `mock` was a library of its own; the standard library has it since.
sys.modules.setdefault("mock", unittest.mock)


@pytest.fixture
def _no_event_loop_is_made() -> None:
    """OpenTracing's asyncio manager asks for the loop outside of any; Python would make one, and warn."""
    asyncio.set_event_loop(None)


@pytest.fixture
def memory() -> Iterator[testing.MemoryExporter]:
    """A pipeline that keeps its spans."""
    memory = testing.MemoryExporter()
    sdk.configure(service_name="harness", exporters=[memory], propagators=["tracecontext", "baggage"])
    yield memory
    sdk.reset()
