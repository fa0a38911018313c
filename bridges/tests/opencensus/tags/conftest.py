"""A pipeline that raises where it would log, under OpenCensus with its tags as baggage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opencensus.tags import TagContext
from opencensus.trace import execution_context
from opencensus.trace.samplers import AlwaysOnSampler
from opencensus.trace.tracer import Tracer

from midspan import context, sdk, testing
from midspan.bridges import opencensus as bridge

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def memory() -> Iterator[testing.MemoryExporter]:
    """What the pipeline exported."""
    memory = testing.MemoryExporter()
    token = context._slot.set(context.EMPTY)
    sdk.configure(service_name="bridge", exporters=[memory], strict=True, environment={})
    bridge.install(tags_as_baggage=True)
    yield memory
    bridge.uninstall()
    sdk.reset()
    execution_context.clear()
    TagContext.clear()
    try:
        context._slot.reset(token)
    except ValueError:  # the test was set up in another context than it is torn down in
        context._slot.set(context.EMPTY)


@pytest.fixture
def tracer() -> Any:
    """A tracer that records all."""
    return Tracer(sampler=AlwaysOnSampler())
