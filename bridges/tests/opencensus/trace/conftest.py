"""A pipeline that keeps its spans and raises where it would log, under OpenCensus as it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opencensus.trace import base_exporter, execution_context
from opencensus.trace import span as oc_span
from opencensus.trace.samplers import AlwaysOffSampler, AlwaysOnSampler
from opencensus.trace.tracer import Tracer

from midspan import context, sdk, testing, trace
from midspan.bridges import opencensus as bridge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Kept(base_exporter.Exporter):
    """An exporter of OpenCensus's that keeps what it gets."""

    def __init__(self) -> None:
        self.spans: list[Any] = []

    def export(self, span_datas: Any) -> None:
        self.spans.extend(span_datas)

    emit = export


@pytest.fixture(autouse=True)
def memory() -> Iterator[testing.MemoryExporter]:
    """What the pipeline exported."""
    memory = testing.MemoryExporter()
    token = context._slot.set(context.EMPTY)
    sdk.configure(service_name="bridge", exporters=[memory], strict=True, environment={})
    bridge.install()
    yield memory
    bridge.uninstall()
    sdk.reset()
    execution_context.clear()
    oc_span.Span._on_create_callbacks.clear()
    try:
        context._slot.reset(token)
    except ValueError:  # the test was set up in another context than it is torn down in
        context._slot.set(context.EMPTY)


@pytest.fixture
def spans(memory: testing.MemoryExporter) -> Callable[[], dict[str, trace.Span]]:
    """Return the finished native spans by name."""
    return lambda: {span.name: span for span in memory.spans}


@pytest.fixture
def kept() -> Kept:
    """An exporter that an application would give to OpenCensus."""
    return Kept()


@pytest.fixture
def tracer(kept: Kept) -> Any:
    """A tracer that records all."""
    return Tracer(sampler=AlwaysOnSampler(), exporter=kept)


@pytest.fixture
def unsampled(kept: Kept) -> Any:
    """A tracer that records nothing."""
    return Tracer(sampler=AlwaysOffSampler(), exporter=kept)
