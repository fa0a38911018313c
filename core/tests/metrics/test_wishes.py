"""What an exporter or reader wishes histograms to be: its own, beside the others' wishes."""

from __future__ import annotations

import pytest

from midspan import sdk
from midspan.metrics import MetricKind

EXPONENTIAL = "base2_exponential_bucket_histogram"


class Wishing:
    """An exporter that keeps what it is given, and has a wish."""

    def __init__(self, wish: str) -> None:
        self.histogram_aggregation = wish
        self.kept: list = []

    def export_metrics(self, metrics):
        self.kept.extend(metrics)

    def shutdown(self, timeout_s):
        pass


def configured(*readers, exporters=(), views=()):
    """Configure with readers."""
    return sdk.configure(
        exporters=exporters, metric_readers=readers, views=views, environment={}, detectors=[]
    )


def told(reader, meter):
    """Return kind and number of measurements of each metric of the meter."""
    return {
        metric.name: (metric.kind, sum(point.count for point in metric.points))
        for metric in reader.collect()
        if metric.scope == meter.scope
    }


def test_each_reader_is_told_in_its_aggregation(meter):
    """The same measurements, all of them, for both."""
    plain, wishing = sdk.PullReader(), sdk.PullReader(histogram_aggregation=EXPONENTIAL)
    configured(plain, wishing)
    histogram = meter.create_histogram("h")
    bound = histogram.bind({"a": 1})
    for value in range(5):
        histogram.record(value, {"a": 1})
        bound.record(value)
    assert {"h": (MetricKind.HISTOGRAM, 10)} == told(plain, meter)
    assert {"h": (MetricKind.EXPONENTIAL_HISTOGRAM, 10)} == told(wishing, meter)


def test_an_exporter_says_its_wish_by_an_attribute(meter):
    """A reader beside it keeps the default."""
    exporter, plain = Wishing(EXPONENTIAL), sdk.PullReader()
    pipeline = configured(plain, exporters=[exporter])
    meter.create_histogram("h").record(1)
    assert pipeline.force_flush(5)
    assert [MetricKind.EXPONENTIAL_HISTOGRAM] == [m.kind for m in exporter.kept if m.name == "h"]
    assert {"h": (MetricKind.HISTOGRAM, 1)} == told(plain, meter)


def test_an_only_wish_is_all_that_is_counted(meter):
    """Nobody pays for buckets that no reader wants."""
    wishing = sdk.PullReader(histogram_aggregation=EXPONENTIAL)
    configured(wishing)
    histogram = meter.create_histogram("h")
    histogram.record(1)
    assert {"h": (MetricKind.EXPONENTIAL_HISTOGRAM, 1)} == told(wishing, meter)
    assert 1 == len(histogram._store.streams)


def test_a_view_has_the_last_word(meter):
    """An aggregation that a view names holds for every reader; one that names none leaves the wish."""
    wishing = sdk.PullReader(histogram_aggregation=EXPONENTIAL)
    views = [
        sdk.View(name="named", aggregation="min_max_sum_count"),
        sdk.View(name="renamed", rename="other", drop=["a"]),
    ]
    configured(wishing, sdk.PullReader(), views=views)
    meter.create_histogram("named").record(1)
    meter.create_histogram("renamed").record(1, {"a": 1})
    assert {
        "named": (MetricKind.HISTOGRAM, 1),
        "other": (MetricKind.EXPONENTIAL_HISTOGRAM, 1),
    } == told(wishing, meter)


def test_only_histograms_are_wished_otherwise(meter):
    """Counters and gauges stay what they are."""
    wishing = sdk.PullReader(histogram_aggregation=EXPONENTIAL)
    configured(wishing)
    meter.create_counter("c").add(1)
    meter.create_gauge("g").set(1)
    assert [MetricKind.SUM, MetricKind.GAUGE] == [
        metric.kind for metric in wishing.collect() if metric.scope == meter.scope
    ]


def test_a_reader_that_comes_later_is_told_what_comes_after_it(meter):
    """What instruments remember, and bound ones, lead to its streams too; the others miss nothing."""
    plain = sdk.PullReader()
    pipeline = configured(plain)
    histogram = meter.create_histogram("h")
    bound = histogram.bind({"a": 1})
    histogram.record(1, {"a": 1})
    bound.record(1)
    wishing = sdk.PullReader(histogram_aggregation=EXPONENTIAL)
    pipeline.add_reader(wishing)
    histogram.record(2, {"a": 1})
    bound.record(2)
    meter.create_histogram("later").record(3)
    assert {
        "h": (MetricKind.EXPONENTIAL_HISTOGRAM, 2),
        "later": (MetricKind.EXPONENTIAL_HISTOGRAM, 1),
    } == told(wishing, meter)
    assert {"h": (MetricKind.HISTOGRAM, 4), "later": (MetricKind.HISTOGRAM, 1)} == told(plain, meter)


def test_what_nobody_wishes_any_more_is_counted_no_more(meter):
    """A reader that goes takes its streams along; the others miss nothing, bound instruments neither."""
    plain, wishing = sdk.PullReader(), sdk.PullReader(histogram_aggregation=EXPONENTIAL)
    pipeline = configured(plain, wishing)
    histogram = meter.create_histogram("h")
    bound = histogram.bind({"a": 1})
    bound.record(1)
    pipeline.remove_reader(wishing)
    assert 1 == len(histogram._store.streams)
    bound.record(2)
    histogram.record(3, {"a": 1})
    assert {"h": (MetricKind.HISTOGRAM, 3)} == told(plain, meter)
    pipeline.remove_reader(plain)
    bound.record(4)
    pipeline.add_reader(plain)
    assert {"h": (MetricKind.HISTOGRAM, 4)} == told(plain, meter)


def test_extremes_are_told_to_each_reader_of_a_wish(meter):
    """A delta reader takes none away from a cumulative one, nor from one of another wish."""
    readers = [
        sdk.PullReader("delta", histogram_aggregation=EXPONENTIAL),
        sdk.PullReader(histogram_aggregation=EXPONENTIAL),
        sdk.PullReader("delta"),
    ]
    configured(*readers)
    histogram = meter.create_histogram("h")

    def extremes():
        points = [metric.points[0] for reader in readers for metric in reader.collect()]
        return [(point.min, point.max) for point in points]

    histogram.record(1)
    histogram.record(9)
    assert [(1, 9)] * 3 == extremes()
    histogram.record(5)
    assert [(5, 5), (1, 9), (5, 5)] == extremes()


def test_an_aggregation_may_be_wished_itself(meter):
    """One with fewer buckets, say."""
    wishing = sdk.PullReader(histogram_aggregation=sdk.aggregation.ExplicitBuckets((1, 2)))
    configured(wishing)
    meter.create_histogram("h").record(1)
    (metric,) = [metric for metric in wishing.collect() if metric.scope == meter.scope]
    assert (1, 2) == metric.points[0].bounds


def test_an_unknown_wish_is_refused():
    """Where it is said, with what is allowed."""
    with pytest.raises(ValueError, match=r"median.*base2"):
        sdk.PullReader(histogram_aggregation="median")
    with pytest.raises(ValueError, match="median"):
        configured(exporters=[Wishing("median")])
