"""Each test measures in a scope of its own, read by a reader that it asks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from midspan import metrics, sdk, testing
from midspan.metrics._seam import binding

if TYPE_CHECKING:
    from collections.abc import Callable

_number = itertools.count()


@pytest.fixture(autouse=True)
def no_instruments():
    """Forget the instruments and the sources of earlier tests: they would be collected with this one's."""
    for instrument in list(binding.instruments.values()):
        binding.forget(instrument)
    binding.producers.clear()


@pytest.fixture
def meter() -> metrics.Meter:
    """Return a meter that no other test has."""
    return metrics.get_meter(f"test.{next(_number)}")


@pytest.fixture
def reader(clock: testing.FakeClock) -> sdk.PullReader:
    """Return a cumulative reader of a pipeline without exporters."""
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], clock=clock, environment={}, detectors=[])
    return reader


@pytest.fixture
def points(reader: sdk.PullReader) -> Callable[[str], dict]:
    """Return a function from a metric's name to its points, by attributes."""

    def read(name: str) -> dict:
        found = [metric for metric in reader.collect() if metric.name == name]
        return {tuple(point.attributes.items()): point for metric in found for point in metric.points}

    return read
