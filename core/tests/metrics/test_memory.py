"""Memory stays flat, whatever attributes measurements have."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from midspan import metrics, sdk

ROOT = Path(__file__).resolve().parents[3]
VIEWS = {"plain": [], "view": [sdk.View(name="c", keep=["route"])], "bound": []}


def count(counter, start, end, how):
    """Measure under attribute sets that were never seen before."""
    for number in range(start, end):
        attributes = {"user": f"u-{number}", "route": "/"}
        if how == "bound":
            counter.bind(attributes).add(1)
        else:
            counter.add(1, attributes)


@pytest.mark.parametrize("how", VIEWS)
def test_past_the_limit_memory_does_not_grow(meter, how):
    """By attributes as they are, through a view that filters, and by bound instruments that are dropped."""
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], views=VIEWS[how], environment={}, detectors=[])
    counter = meter.create_counter("c")
    count(counter, 0, 12_000, how)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    count(counter, 12_000, 22_000, how)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 100_000
    (metric,) = [metric for metric in reader.collect() if metric.scope == meter.scope]
    assert 22_000 == sum(point.value for point in metric.points)


def test_a_bound_instrument_that_nobody_holds_is_forgotten(meter, reader):
    """Without being closed."""
    counter = meter.create_counter("c")
    for _ in range(10):
        counter.bind({"a": 1}).add(1)
    kept = counter.bind({"a": 1})
    gc.collect()
    assert 1 == len(counter._bound)
    kept.add(1)
    assert 11 == reader.collect()[0].points[0].value


@pytest.mark.slow
@pytest.mark.parametrize("how", VIEWS)
def test_a_million_attribute_sets_take_ten_megabytes_at_most(how):
    """More than a thousand do, as the system counts it."""
    peaks_kb = []
    for sets in (1_000, 1_000_000):
        code = (
            "import resource\n"
            "from core.tests.metrics.test_memory import VIEWS, count, metrics, sdk\n"
            f"sdk.configure(exporters=[], metric_readers=[sdk.PullReader()], views=VIEWS[{how!r}])\n"
            f"count(metrics.get_meter('m').create_counter('c'), 0, {sets}, {how!r})\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        peaks_kb.append(int(run.stdout))
    assert peaks_kb[1] - peaks_kb[0] < 10_000


def test_instruments_that_a_view_drops_remember_their_spellings(meter):
    """So that what nobody wants costs a look-up, and no search for a series each time."""
    sdk.configure(exporters=[], views=[sdk.View(name="c", aggregation="drop")], environment={}, detectors=[])
    counter: metrics.Counter = meter.create_counter("c")
    counter.add(1, {"a": 1})
    assert 1 == len(counter._updates)
