"""Both bridges installed over one pipeline that keeps its spans and raises where it would log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opencensus.trace import execution_context

from midspan import context, sdk, testing
from midspan.bridges import opencensus as oc_bridge
from midspan.bridges import opentracing as ot_bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite("bridges.tests.nesting._apis")


@pytest.fixture(autouse=True)
def memory() -> Iterator[testing.MemoryExporter]:
    """What the pipeline exported."""
    memory = testing.MemoryExporter()
    token = context._slot.set(context.EMPTY)
    sdk.configure(service_name="nesting", exporters=[memory], strict=True, environment={})
    oc_bridge.install(legacy_exporters="replace")
    ot_bridge.install(propagators="jaeger,b3,tracecontext,baggage")
    yield memory
    ot_bridge.uninstall()
    oc_bridge.uninstall()
    opentracing._reset_global_tracer()
    sdk.reset()
    execution_context.clear()
    try:
        context._slot.reset(token)
    except ValueError:  # the test was set up in another context than it is torn down in
        context._slot.set(context.EMPTY)


@pytest.fixture
def apis() -> Any:
    """The three ways to start a span, and what each says is current."""
    from bridges.tests.nesting._apis import Apis

    return Apis()
