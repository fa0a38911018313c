"""Each test of an exporter begins and ends with nothing configured, nothing counted, and no variable set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from midspan import _trouble, sdk, testing, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def clean_slate(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what an earlier test may have left, and what the machine's owner has set."""
    for name in os.environ:
        if name.startswith(("OTEL_", "MIDSPAN_JSONL")) or name.lower().endswith(("_proxy", "_ca_bundle")):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    sdk.reset()
    yield
    sdk.reset()


@pytest.fixture
def memory() -> testing.MemoryExporter:
    """Return the exporter of a pipeline in force, whose spans a test can read."""
    memory = testing.MemoryExporter()
    sdk.configure(service_name="shop", exporters=[memory], environment={})
    return memory


@pytest.fixture
def make_span(memory: testing.MemoryExporter) -> Callable[..., trace.Span]:
    """Return a function that makes a finished span."""

    def make(name: str = "charge", **options: object) -> trace.Span:
        span = trace.get_tracer("shop.checkout", "1.2.0").start_span(name, **options)
        span.end()
        return span

    return make


@pytest.fixture
def troubles() -> Callable[[], dict[str, int]]:
    """Return a function that says what was reported so far, by cause."""
    return _trouble.counts
