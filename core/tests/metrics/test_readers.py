from __future__ import annotations

import os
import threading
import time

import pytest

from midspan import metrics, sdk
from midspan.metrics import Temporality
from midspan.metrics._seam import binding
from midspan.sdk._temporality import temporality_of
from midspan.trace import InstrumentationScope


class Pushed:
    """An exporter that keeps what is pushed to it."""

    name = "pushed"

    def __init__(self, *, accepts: bool = True, temporality: str = "cumulative") -> None:
        self.batches: list[list[metrics.Metric]] = []
        self.closed = 0
        self.temporality = temporality
        self._accepts = accepts

    def export_metrics(self, given: list[metrics.Metric]) -> bool:
        self.batches.append(list(given))
        return self._accepts

    def shutdown(self, timeout_s: float) -> None:
        self.closed += 1


def values(collected, name):
    """Return the values of a metric's points."""
    return [point.value for metric in collected if metric.name == name for point in metric.points]


def test_two_readers_each_have_their_temporality(meter, clock):
    """A delta reader is told what came since it last asked; a cumulative one all of it."""
    whole, part = sdk.PullReader(), sdk.PullReader("delta")
    sdk.configure(exporters=[], metric_readers=[whole, part], clock=clock, environment={}, detectors=[])
    counter = meter.create_counter("c")
    counter.add(3)
    assert ([3], [3]) == (values(whole.collect(), "c"), values(part.collect(), "c"))
    clock.advance(1)
    counter.add(4)
    assert ([7], [4]) == (values(whole.collect(), "c"), values(part.collect(), "c"))
    assert ([7], []) == (values(whole.collect(), "c"), values(part.collect(), "c"))


def test_delta_points_follow_one_another(meter, clock):
    """A delta point begins where the one before it ended; a cumulative one at the start."""
    whole, part = sdk.PullReader(), sdk.PullReader("delta")
    sdk.configure(exporters=[], metric_readers=[whole, part], clock=clock, environment={}, detectors=[])
    counter = meter.create_counter("c")
    spans = {whole: [], part: []}
    for _ in range(2):
        counter.add(1)
        clock.advance(1)
        for reader, found in spans.items():
            (point,) = [p for m in reader.collect() if m.name == "c" for p in m.points]
            found.append((point.start_ns, point.time_ns))
    (first, second), (one, two) = spans[whole], spans[part]
    assert first[0] == second[0] == one[0]
    assert (one[1], 10**9) == (two[0], two[1] - two[0])


def test_delta_histograms_tell_the_extremes_of_their_time(meter, clock):
    """Each reader gets the least and greatest of its own interval, whoever asked in between."""
    whole, part = sdk.PullReader(), sdk.PullReader("delta")
    sdk.configure(exporters=[], metric_readers=[whole, part], clock=clock, environment={}, detectors=[])
    histogram = meter.create_histogram("h", boundaries=(10,))

    def extremes(reader):
        (point,) = [p for m in reader.collect() if m.name == "h" for p in m.points]
        return point.min, point.max, point.count, point.bucket_counts

    histogram.record(5)
    histogram.record(50)
    assert (5, 50, 2, (1, 1)) == extremes(part)
    histogram.record(7)
    assert (5, 50, 3, (2, 1)) == extremes(whole)
    assert (7, 7, 1, (1, 0)) == extremes(part)
    assert [] == [m for m in part.collect() if m.name == "h"]


def test_delta_exponential_histograms_are_differences(meter, clock):
    """What a reader was told before is taken away, also if the scale changed in between."""
    part = sdk.PullReader("delta")
    view = sdk.View(name="e", aggregation=sdk.aggregation.ExponentialBuckets(max_size=4))
    sdk.configure(
        exporters=[], metric_readers=[part], views=[view], clock=clock, environment={}, detectors=[]
    )
    histogram = meter.create_histogram("e")

    def told():
        (point,) = [p for m in part.collect() if m.name == "e" for p in m.points]
        return (
            point.count,
            point.sum,
            sum(point.positive.counts),
            sum(point.negative.counts),
            point.zero_count,
        )

    histogram.record(1)
    histogram.record(-2)
    assert (2, -1, 1, 1, 0) == told()
    histogram.record(1000)
    histogram.record(0)
    assert (2, 1000, 1, 0, 1) == told()


@pytest.mark.parametrize(
    ("name", "counter", "up_down", "observable"),
    [
        ("cumulative", "CUMULATIVE", "CUMULATIVE", "CUMULATIVE"),
        ("delta", "DELTA", "CUMULATIVE", "DELTA"),
        ("lowmemory", "DELTA", "CUMULATIVE", "CUMULATIVE"),
    ],
)
def test_preferences_are_the_specifications(name, counter, up_down, observable):
    """The three names mean for each kind of instrument what the specification says."""
    of = temporality_of(name)
    found = [of(kind).name for kind in ("counter", "up_down_counter", "observable_counter")]
    assert [counter, up_down, observable] == found


def test_a_temporality_may_be_chosen_by_kind():
    """A table or a function serves as well as a name; another name is refused."""
    table = temporality_of({"counter": Temporality.DELTA})
    assert (Temporality.DELTA, Temporality.CUMULATIVE) == (table("counter"), table("histogram"))
    assert Temporality.DELTA is temporality_of(lambda kind: Temporality.DELTA)("gauge")
    with pytest.raises(ValueError, match="lowmemory"):
        temporality_of("sometimes")


def test_metrics_are_pushed_at_an_interval(meter):
    """The worker collects and pushes by itself."""
    pushed = Pushed()
    sdk.configure(
        exporters=[pushed], metrics=sdk.MetricSettings(interval_s=0.02), environment={}, detectors=[]
    )
    meter.create_counter("c").add(1)
    deadline = time.monotonic() + 5
    while len(pushed.batches) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert [1] == values(pushed.batches[1], "c")


def test_a_flush_pushes_at_once_and_tells_the_truth(meter):
    """True if the exporter accepted what there was, False if not; the account says how many points."""
    for accepts in (True, False):
        pushed = Pushed(accepts=accepts)
        pipeline = sdk.configure(exporters=[pushed], environment={}, detectors=[])
        meter.create_counter("c").add(1)
        assert accepts is pipeline.force_flush(timeout_s=5)
        stats = pipeline.stats().metrics["pushed"]
        assert (1 * accepts, {} if accepts else {"export_failed": stats.accepted}) == (
            stats.exported // max(stats.exported, 1),
            stats.dropped,
        )


def test_nothing_to_measure_starts_no_worker():
    """A process without instruments of its own pays for no thread, and a flush has nothing to do."""
    pushed = Pushed()
    before = threading.active_count()
    pipeline = sdk.configure(exporters=[pushed], environment={}, detectors=[])
    assert pipeline.force_flush(timeout_s=5)
    assert [] == pushed.batches
    assert before == threading.active_count()


def test_a_shutdown_pushes_a_last_time_and_closes_once(meter):
    """What was measured since the last push is not lost; an exporter of both signals is closed once."""

    class Both(Pushed):
        def export_spans(self, spans):
            pass

    both = Both()
    pipeline = sdk.configure(exporters=[both], environment={}, detectors=[])
    meter.create_counter("c").add(2)
    assert pipeline.shutdown(timeout_s=5)
    assert [2] == values(both.batches[-1], "c")
    assert 1 == both.closed


def test_readers_come_and_go(meter, reader):
    """A reader can be added to a running pipeline, and removed from it."""
    pipeline = sdk.get_pipeline()
    meter.create_counter("c").add(1)
    more = sdk.PullReader()
    pipeline.add_reader(more)
    assert [1] == values(more.collect(), "c")
    pipeline.remove_reader(more)
    pipeline.remove_reader(more)
    assert [] == more.collect()
    assert [1] == values(reader.collect(), "c")


def test_a_reader_may_go_on_to_the_next_pipeline(meter):
    """The end of the one before does not take it away."""
    reader = sdk.PullReader()
    counter = meter.create_counter("c")
    for amount in (1, 2):
        sdk.configure(exporters=[], metric_readers=[reader], environment={}, detectors=[])
        counter.add(amount)
        assert [amount] == values(reader.collect(), "c")


def test_a_reader_without_a_pipeline_reads_nothing():
    """Asked too early or too late it returns an empty list."""
    assert [] == sdk.PullReader().collect()


def test_foreign_sources_join_at_collection(meter, reader):
    """A producer's metrics stand beside ours; one that fails, or has nothing, harms nobody."""
    meter.create_counter("c").add(1)
    (ours,) = [metric for metric in reader.collect() if metric.name == "c"]

    class Source:
        def produce(self):
            return [ours._replace(name="foreign"), None]

    class Broken:
        def produce(self):
            raise RuntimeError("no")

    pipeline = sdk.get_pipeline()
    source = Source()
    pipeline.add_producer(Broken())
    pipeline.add_producer(source)
    assert {"c", "foreign"} <= {metric.name for metric in reader.collect()}
    assert 1 == pipeline.stats().troubles["metrics.producer"]
    pipeline.remove_producer(source)
    pipeline.remove_producer(source)
    assert "foreign" not in {metric.name for metric in reader.collect()}


def test_a_source_that_a_bridge_adds_is_pushed_before_and_after_configure():
    """It is asked by whichever pipeline is in force, which learns that there is something to collect."""

    class Source:
        def produce(self):
            scope, kind = InstrumentationScope("legacy"), metrics.MetricKind.GAUGE
            return [metrics.Metric("foreign", "1", "", scope, None, kind, [metrics.NumberPoint({}, 0, 1, 2)])]

    source, early, late = Source(), Pushed(), Pushed()
    binding.add_producer(source)
    binding.add_producer(source)
    settings = {"environment": {}, "detectors": [], "self_metrics": False}
    pipeline = sdk.configure(service_name="shop", exporters=[early], **settings)
    assert pipeline.force_flush(5)
    assert [pipeline.resource] == [metric.resource for metric in early.batches[0]]
    binding.remove_producer(source)
    pipeline = sdk.configure(exporters=[late], **settings)
    binding.add_producer(source)
    assert pipeline.force_flush(5)
    assert ["foreign"] == [metric.name for metric in late.batches[0]]
    binding.remove_producer(source)
    binding.remove_producer(source)
    assert [] == binding.producers


def test_a_fork_reports_none_of_the_parents_counts(meter, reader):
    """The child begins at nothing; the parent goes on."""
    counter = meter.create_counter("forked")
    bound = counter.bind({"who": "bound"})
    counter.add(5)
    bound.add(5)
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        counter.add(1)
        bound.add(2)
        os.write(sender, repr(sorted(values(reader.collect(), "forked"))).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert "[1, 2]" == os.read(receiver, 100).decode()
    assert [5, 5] == values(reader.collect(), "forked")
    os.close(receiver)
    os.close(sender)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "soon"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "-1"),
    ],
)
def test_a_bad_interval_names_its_variable(variable, value):
    """The message says which variable, and what is allowed."""
    with pytest.raises(sdk.ConfigurationError, match=variable):
        sdk.configure(exporters=[], environment={variable: value})


def test_the_interval_comes_from_its_variable(meter):
    """Milliseconds, as the specification has it; an argument wins."""
    from midspan.sdk._environment import Environment
    from midspan.sdk._settings import metric_settings

    environment = Environment({"OTEL_METRIC_EXPORT_INTERVAL": "1500", "OTEL_METRIC_EXPORT_TIMEOUT": "200"})
    assert sdk.MetricSettings(1.5, 0.2) == metric_settings(None, environment)
    assert sdk.MetricSettings(9) == metric_settings(sdk.MetricSettings(9), environment)
    assert sdk.MetricSettings(60, 30) == metric_settings(None, Environment({}))


def test_variables_choose_exporters_for_each_signal():
    """OTEL_METRICS_EXPORTER and OTEL_TRACES_EXPORTER are apart; "none" is nobody."""
    pipeline = sdk.configure(environment={"OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none"})
    assert (["console"], {}) == (list(pipeline.stats().exporters), pipeline.stats().metrics)


SPANS_ONLY = """
class SpansOnly:
    def export_spans(self, spans): pass
    def shutdown(self, timeout_s): pass
"""


def test_an_exporter_that_takes_no_metrics_is_refused_for_them(tmp_path, monkeypatch):
    """A variable that names it is an error where it is read, not silence when it is used."""
    installed = tmp_path / "spans_only-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: spans-only\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[midspan.exporters]\nspans_only = spans_only:SpansOnly\n")
    (tmp_path / "spans_only.py").write_text(SPANS_ONLY)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(sdk.ConfigurationError, match=r"OTEL_METRICS_EXPORTER.*does not take this signal"):
        sdk.configure(environment={"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "spans_only"})


class Impatient(Pushed):
    """An exporter that wants metrics often, though it takes spans at once."""

    synchronous = True
    metric_interval_s = 0.01

    def export_spans(self, spans: object) -> None:
        """Take spans as well."""


def test_an_exporter_may_wish_for_an_interval(meter):
    """`metric_interval_s` of a synchronous exporter: it is pushed to without any flush."""
    exporter = Impatient()
    sdk.configure(exporters=[exporter], environment={}, detectors=[])
    meter.create_counter("c").add(3)
    deadline_s = time.monotonic() + 10
    while not exporter.batches and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert [3] == values(exporter.batches[0], "c")


@pytest.mark.parametrize(
    ("settings", "variables"),
    [(sdk.MetricSettings(7), {}), (None, {"OTEL_METRIC_EXPORT_INTERVAL": "7000"})],
    ids=["argument", "variable"],
)
def test_the_interval_that_somebody_gave_wins_over_the_exporters_wish(settings, variables):
    """Whoever runs the application knows better."""
    pipeline = sdk.configure(exporters=[Impatient()], metrics=settings, environment=variables, detectors=[])
    assert 7 == pipeline._readers["pushed"]._settings.interval_s
