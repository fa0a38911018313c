"""A tracer with the native scope manager, and each kind of concurrency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.opentracing.testbed import _runtimes
from midspan.bridges.opentracing import Tracer

if TYPE_CHECKING:
    from midspan.testing import MemoryExporter


@pytest.fixture(params=_runtimes.ALL, ids=lambda runtime: runtime.__name__.lower())
def runtime(request: pytest.FixtureRequest) -> _runtimes.Runtime:
    """One kind of concurrency."""
    made: _runtimes.Runtime = request.param()
    return made


@pytest.fixture
def tracer(memory: MemoryExporter) -> Tracer:
    """A bridge tracer with the native scope manager."""
    return Tracer()


@pytest.fixture
def tree(memory: MemoryExporter) -> Any:
    """What tells the name of each span's parent, by the span's own name."""

    def parents() -> dict[str, str | None]:
        names = {span.context.span_id: span.name for span in memory.spans}
        return {
            span.name: None if span.parent is None else names.get(span.parent.span_id, "?")
            for span in memory.spans
        }

    return parents
