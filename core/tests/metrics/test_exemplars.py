"""Exemplars: which measurements stand for a number, and what they say."""

from __future__ import annotations

import pytest

from midspan import metrics, sdk, trace

USER = {"route": "/", "user": "a"}


def one(meter, measure, reader=None, **settings):
    """Measure under a configuration; return the points of the meter's only metric."""
    reader = reader or sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], environment={}, detectors=[], **settings)
    measure(meter)
    (metric,) = [metric for metric in reader.collect() if metric.scope == meter.scope]
    return metric.points


def in_and_out(meter):
    """Measure 3 in a sampled span, then 4 outside of all."""
    histogram = meter.create_histogram("h", boundaries=(3,))
    with trace.get_tracer("t").start_as_current_span("work"):
        histogram.record(3, USER)
    histogram.record(4, USER)


@pytest.mark.parametrize(
    ("chosen", "offered"), [(None, [3]), ("trace_based", [3]), ("always_on", [3, 4]), ("always_off", [])]
)
def test_the_filter_says_whose_measurements_may_stand(meter, chosen, offered):
    """By default those made in sampled spans."""
    (point,) = one(meter, in_and_out, exemplars=chosen)
    assert offered == [exemplar.value for exemplar in point.exemplars]


def test_what_was_measured_outside_of_spans_points_to_none(meter):
    """With the filter always on, its ids are 0."""
    (point,) = one(meter, in_and_out, exemplars="always_on")
    inside, outside = point.exemplars
    assert (True, True, 0, 0) == (
        inside.trace_id > 0,
        inside.span_id > 0,
        outside.trace_id,
        outside.span_id,
    )


@pytest.mark.parametrize("kind", ["counter", "up_down_counter", "gauge", "histogram"])
@pytest.mark.parametrize("chosen", ["trace_based", "always_on"])
def test_a_view_that_filters_leaves_what_it_took_in_the_exemplar(meter, kind, chosen):
    """So that the one user can be found whom the number no longer names."""

    def measure(meter):
        instrument = getattr(meter, f"create_{kind}")("c")
        with trace.get_tracer("t").start_as_current_span("work"):
            record = getattr(instrument, {"gauge": "set", "histogram": "record"}.get(kind, "add"))
            record(2, USER)

    view = sdk.View(name="c", drop=["user"])
    (point,) = one(meter, measure, views=[view], exemplars=chosen)
    (exemplar,) = point.exemplars
    assert ({"route": "/"}, {"user": "a"}, 2) == (
        point.attributes,
        exemplar.filtered_attributes,
        exemplar.value,
    )


def test_an_exemplar_without_a_filtering_view_repeats_nothing(meter):
    """What the point says, its exemplars need not."""
    (point,) = one(meter, in_and_out)
    assert [{}] == [exemplar.filtered_attributes for exemplar in point.exemplars]


@pytest.mark.parametrize(
    "settings", [{"exemplars": "always_on"}, {"views": [sdk.View(name="c", drop=["x"])]}]
)
def test_what_is_refused_stands_for_nothing(meter, settings):
    """A negative amount of a counter, or no number at all, leaves neither a sum nor an exemplar."""

    def measure(meter):
        counter = meter.create_counter("c")
        with trace.get_tracer("t").start_as_current_span("work"):
            counter.add(-1)
            counter.add("x")
            counter.add(True)

    (point,) = one(meter, measure, **settings)
    assert (1, [1]) == (point.value, [exemplar.value for exemplar in point.exemplars])


def test_a_view_chooses_how_many_are_kept(meter):
    """A number of places, each measurement with the same chance."""

    def measure(meter):
        counter = meter.create_counter("c")
        with trace.get_tracer("t").start_as_current_span("work"):
            for number in range(100):
                counter.add(number)

    (point,) = one(meter, measure, views=[sdk.View(name="c", reservoir=5)])
    assert (5, 5) == (len(point.exemplars), len({exemplar.value for exemplar in point.exemplars}))


def test_a_view_chooses_the_reservoir(meter):
    """Whatever keeps some of what it is offered."""

    class Greatest:
        def __init__(self):
            self.kept = []

        def offer(self, value, span, filtered=None):
            self.kept = [max([(value, span._span_id), *self.kept])]

        def collect(self, since_ns):
            return [metrics.Exemplar(value, 1, 2, span_id) for value, span_id in self.kept]

    def measure(meter):
        counter = meter.create_counter("c")
        with trace.get_tracer("t").start_as_current_span("work"):
            for number in (3, 9, 4):
                counter.add(number)

    (point,) = one(meter, measure, views=[sdk.View(name="c", reservoir=Greatest)])
    assert [9] == [exemplar.value for exemplar in point.exemplars]


def test_a_reservoir_that_raises_costs_its_exemplars_only(meter):
    """The numbers are told, and the trouble is counted."""

    class Raises:
        def offer(self, value, span, filtered=None):
            raise ValueError("no")

        def collect(self, since_ns):
            raise ValueError("no")

    (point,) = one(meter, in_and_out, views=[sdk.View(name="h", reservoir=Raises)])
    assert (2, ()) == (point.count, point.exemplars)
    assert 2 == sdk.get_pipeline().stats().troubles["metrics.reservoir"]


def test_a_reservoir_hands_on_exemplars_only(meter):
    """What else it returns could be sent by no exporter."""

    class Odd:
        def offer(self, value, span, filtered=None):
            pass

        def collect(self, since_ns):
            return [5, metrics.Exemplar(1.5, 1)]

    (point,) = one(meter, in_and_out, views=[sdk.View(name="h", reservoir=Odd)])
    assert [1.5] == [exemplar.value for exemplar in point.exemplars]


@pytest.mark.parametrize(
    "aggregation",
    [
        "sum",
        "last_value",
        "explicit_bucket_histogram",
        "base2_exponential_bucket_histogram",
        "min_max_sum_count",
    ],
)
def test_every_aggregation_keeps_exemplars(meter, aggregation):
    """Of what it takes: what is refused, in a sampled span too, is none."""

    def measure(meter):
        histogram = meter.create_histogram("h")
        with trace.get_tracer("t").start_as_current_span("work") as span:
            histogram.record(7)
            histogram.record("x")
            spans.append(span.context.span_id)

    spans: list[int] = []
    (point,) = one(meter, measure, views=[sdk.View(name="h", aggregation=aggregation)])
    assert [(7, *spans)] == [(exemplar.value, exemplar.span_id) for exemplar in point.exemplars]


def test_each_bucket_keeps_the_last(meter):
    """An explicit histogram shows one measurement of each of its buckets."""

    def measure(meter):
        histogram = meter.create_histogram("h", boundaries=(10, 20))
        with trace.get_tracer("t").start_as_current_span("work"):
            for value in (1, 2, 15, 30, 40):
                histogram.record(value)

    (point,) = one(meter, measure)
    assert [2, 15, 40] == [exemplar.value for exemplar in point.exemplars]


def test_a_delta_reader_is_told_of_new_exemplars_only(meter):
    """What was told in the last collection is told no more."""
    reader = sdk.PullReader("delta")
    (point,) = one(meter, in_and_out, reader)
    assert 1 == len(point.exemplars)
    meter.create_histogram("h", boundaries=(3,)).record(4, USER)
    (metric,) = [metric for metric in reader.collect() if metric.scope == meter.scope]
    assert () == metric.points[0].exemplars


def test_what_callbacks_report_points_to_no_span(meter):
    """The span in which somebody collects is not where it was measured."""
    reader = sdk.PullReader()
    sdk.configure(exporters=[], metric_readers=[reader], exemplars="always_on", environment={}, detectors=[])
    meter.create_observable_gauge("g", [lambda: [1]])
    with trace.get_tracer("t").start_as_current_span("scrape"):
        (metric,) = [metric for metric in reader.collect() if metric.scope == meter.scope]
    assert () == metric.points[0].exemplars


@pytest.mark.parametrize("size", [0, -1])
def test_a_reservoir_without_a_place_is_refused(size):
    """Where it is written."""
    with pytest.raises(ValueError, match="1 place or more"):
        sdk.View(name="c", reservoir=size)


def test_the_filter_comes_from_its_variable(meter):
    """An argument wins; another word is an error that names both."""
    variables = {"OTEL_METRICS_EXEMPLAR_FILTER": "always_off"}
    reader = sdk.PullReader()
    for argument, count in ((None, 0), ("always_on", 2)):
        sdk.configure(
            exporters=[], metric_readers=[reader], environment=variables, detectors=[], exemplars=argument
        )
        in_and_out(meter)
        (metric,) = [metric for metric in reader.collect() if metric.scope == meter.scope]
        assert count == len(metric.points[0].exemplars)
    with pytest.raises(sdk.ConfigurationError, match=r"OTEL_METRICS_EXEMPLAR_FILTER.*trace_based"):
        sdk.configure(exporters=[], environment={"OTEL_METRICS_EXEMPLAR_FILTER": "sometimes"})
