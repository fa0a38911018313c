"""The instrument that the guide names for an aggregation or a gauge makes the metric that the bridge made."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opencensus.metrics.export import cumulative, gauge
from opencensus.metrics.label_key import LabelKey
from opencensus.metrics.label_value import LabelValue
from opencensus.stats import aggregation, execution_context
from opencensus.stats.measure import MeasureFloat
from opencensus.stats.stats import _Stats
from opencensus.stats.view import View
from opencensus.tags import TagMap

from midspan import metrics, sdk
from midspan.bridges import opencensus as bridge
from midspan.metrics import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ABOUT, ROUTE = "of the shop", {"route": "/"}
# Instruments of one name and several kinds would be namesakes, of which midspan warns.
_names = (f"checkouts.{number}" for number in itertools.count())


@pytest.fixture(autouse=True)
def _bridge() -> Iterator[None]:
    execution_context.clear()
    bridge.install()
    yield
    bridge.uninstall()
    sdk.reset()
    execution_context.clear()


def by_view(name: str, kind: Any) -> list[Any]:
    """Record through a view, and return what is alive until it was collected."""
    stats = _Stats()
    measure = MeasureFloat(name, ABOUT, "ms")
    stats.view_manager.register_view(View(name, ABOUT, ["route"], measure, kind))
    tags = TagMap()
    tags.insert("route", "/")
    for value in (2.0, 30.0):
        measurements = stats.stats_recorder.new_measurement_map()
        measurements.measure_float_put(measure, value)
        measurements.record(tags)
    return [stats]


def by_gauge(name: str, kind: Any) -> list[Any]:
    """Set or raise a gauge or cumulative of OpenCensus's to 32, or let it ask for that."""
    registry = gauge.Registry()
    made = kind(name, ABOUT, "ms", [LabelKey("route", "of the request")])
    registry.add_gauge(made)
    if hasattr(made, "create_time_series"):
        made.create_time_series([LabelValue("/")], lambda: 32)
    else:
        point = made.get_or_create_time_series([LabelValue("/")])
        (point.set if hasattr(point, "set") else point.add)(32)
    return [registry]


def natively(name: str, kind: str, values: tuple[float, ...], **options: Any) -> list[Any]:
    """Do the same with an instrument."""
    meter = metrics.get_meter("shop")
    if kind.startswith("observable"):
        options["callbacks"] = [lambda: [Observation(values[0], ROUTE)]]
    made = getattr(meter, f"create_{kind}")(name, description=ABOUT, **options)
    verb = {"counter": "add", "gauge": "set", "histogram": "record"}.get(kind)
    for value in values if verb else ():
        getattr(made, verb)(value, ROUTE)
    return [made]


def collected(name: str, record: Callable[[], list[Any]]) -> dict[str, Any]:
    """Return the metric of this name that comes of it; other tests' may still be alive."""
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], strict=True, environment={}, exemplars="always_off")
    alive = record()
    (metric,) = (metric for metric in reader.collect() if metric.name == name)
    alive.clear()
    (point,) = metric.points
    numbers = [getattr(point, each, None) for each in ("value", "sum", "bucket_counts", "bounds")]
    return {
        **{each: getattr(metric, each) for each in ("name", "unit", "description", "kind")},
        "monotonic": getattr(metric, "is_monotonic", None),
        "numbers": [list(each) if isinstance(each, (list, tuple)) else each for each in numbers],
        "attributes": dict(point.attributes),
    }


@pytest.mark.parametrize(
    ("kind", "instrument", "values", "options"),
    [
        (aggregation.CountAggregation(), "counter", (1, 1), {"unit": "1"}),
        (aggregation.SumAggregation(), "counter", (2.0, 30.0), {"unit": "ms"}),
        (aggregation.LastValueAggregation(), "gauge", (2.0, 30.0), {"unit": "ms"}),
        (
            aggregation.DistributionAggregation([5, 50]),
            "histogram",
            (2.0, 30.0),
            {"unit": "ms", "boundaries": (5, 50)},
        ),
    ],
)
def test_a_view(kind: Any, instrument: str, values: tuple[float, ...], options: dict[str, Any]) -> None:
    """Of every aggregation: name, unit, description, kind, numbers and attributes stay what they were."""
    name = next(_names)
    new = collected(name, lambda: natively(name, instrument, values, **options))
    assert collected(name, lambda: by_view(name, kind)) == new


@pytest.mark.parametrize(
    ("kind", "instrument"),
    [
        (gauge.LongGauge, "gauge"),
        (gauge.DoubleGauge, "gauge"),
        (gauge.DerivedLongGauge, "observable_gauge"),
        (gauge.DerivedDoubleGauge, "observable_gauge"),
        (cumulative.LongCumulative, "counter"),
        (cumulative.DoubleCumulative, "counter"),
        (cumulative.DerivedLongCumulative, "observable_counter"),
        (cumulative.DerivedDoubleCumulative, "observable_counter"),
    ],
)
def test_a_gauge_or_cumulative(kind: Any, instrument: str) -> None:
    """Of every class: the same."""
    name = next(_names)
    new = collected(name, lambda: natively(name, instrument, (32,), unit="ms"))
    assert collected(name, lambda: by_gauge(name, kind)) == new


def test_the_guide_names_them_all() -> None:
    """What is tried here stands in the guide's table."""
    page = (Path(__file__).parents[3] / "docs" / "migrate-opencensus.md").read_text(encoding="utf-8")
    table = page.partition("## 5. Move the stats")[2].partition("## 6.")[0]
    classes = [
        each
        for module in (gauge, cumulative)
        for each in vars(module)
        if each.endswith(("Gauge", "Cumulative"))
    ]
    aggregations = [each for each in vars(aggregation) if each.endswith("Aggregation")]
    named = {name for name in classes + aggregations if f"`{name}`" in table}
    left_out = {"BaseAggregation", "BaseGauge", "DerivedGauge", "Gauge"}
    assert {*classes, *aggregations} - named <= left_out
