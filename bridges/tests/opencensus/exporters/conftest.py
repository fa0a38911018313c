"""OpenCensus as it is, and a pipeline that raises where it would log, gone after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opencensus.stats.stats import stats

from midspan import _trouble, context, sdk
from midspan.bridges import opencensus as bridge
from midspan.metrics._seam import binding

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    """Leave nothing configured, nothing installed and nobody asked."""
    before = list(binding.producers)
    _trouble.set_strict(True)
    token = context._slot.set(context.EMPTY)
    yield
    bridge.uninstall()
    sdk.reset()
    _trouble.set_strict(False)
    _trouble.reset()
    context._slot.reset(token)
    # OpenCensus unregisters no view, and other tests would be told of those that were registered here.
    views = stats.view_manager.measure_to_view_map
    for registered in (
        views._registered_views,
        views._registered_measures,
        views._measure_to_view_data_list_map,
    ):
        registered.clear()
    assert before == binding.producers


@pytest.fixture
def _lenient() -> None:
    """Count troubles, as outside of tests."""
    _trouble.set_strict(False)
    _trouble.reset()
