"""A pipeline that keeps its spans and raises where it would log, and a bridge tracer over it."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

import opentracing
import pytest

from midspan import context, sdk, testing
from midspan.bridges import opentracing as bridge

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[testing.MemoryExporter]:
    """What the pipeline exported."""
    for name in ("JAEGER_SERVICE_NAME", "JAEGER_TAGS", "JAEGER_AGENT_HOST"):
        monkeypatch.delenv(name, raising=False)
    memory = testing.MemoryExporter()
    sdk.configure(service_name="bridge", exporters=[memory], strict=True, environment={})
    yield memory
    bridge.uninstall()
    if hasattr(opentracing, "_reset_global_tracer"):
        opentracing._reset_global_tracer()
    sdk.reset()


@pytest.fixture(autouse=True)
def _nothing_is_left_active() -> Iterator[None]:
    """Each test begins with nothing current; it may leave what it likes."""
    token = context._slot.set(context.EMPTY)
    yield
    try:
        context._slot.reset(token)
    except ValueError:  # the test was set up in another context than it is torn down in
        context._slot.set(context.EMPTY)


@pytest.fixture
def tracer(memory: testing.MemoryExporter) -> bridge.Tracer:
    """A bridge tracer that is not installed."""
    return bridge.Tracer()


@pytest.fixture
def elsewhere() -> contextvars.Context:
    """A context in which nothing is current."""
    return contextvars.Context()
