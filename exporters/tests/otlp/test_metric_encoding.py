from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporters.tests._metric_oracle import decoded_metrics, expected_metric, shown_metric
from midspan import metrics, sdk, trace
from midspan.exporters.otlp import encode_metrics
from midspan.exporters.otlp._metrics import MetricsEncoder
from midspan.metrics import HistogramPoint, Metric, MetricKind, NumberPoint
from midspan.resource import Resource

SCOPE = trace.InstrumentationScope("shop", "1.2.0")
RESOURCE = Resource({"service.name": "shop"})


def decoded(payload):
    """Return the metrics of a payload, as protobuf's own runtime reads it."""
    return decoded_metrics(ExportMetricsServiceRequest.FromString(payload))


def shown_all(payload):
    """Return the metrics of a payload as plain values."""
    return [shown_metric(each.metric) for each in decoded(payload)]


def counter(points, name="orders", scope=SCOPE, resource=RESOURCE):
    """Return a sum."""
    return Metric(name, "1", "", scope, resource, MetricKind.SUM, points, is_monotonic=True)


@pytest.fixture
def reader():
    """Return a reader of a pipeline in force."""
    reader = sdk.PullReader()
    sdk.configure(service_name="shop", exporters=[], metric_readers=[reader], environment={})
    return reader


def test_no_metrics_are_an_empty_request():
    """No metrics are what protobuf makes of an empty request: nothing."""
    assert b"" == encode_metrics([])


def test_metrics_are_grouped_by_resource_and_scope():
    """Metrics of two scopes and two resources stand in groups, in the order in which they came."""
    scopes = [trace.InstrumentationScope(name) for name in ("a", "b")]
    resources = [Resource({"n": number}) for number in (1, 2)]
    made = [
        counter([NumberPoint({}, 1, 2, 3)], f"{r}{s}", scopes[s], resources[r])
        for r, s in ((0, 0), (0, 1), (1, 0), (0, 0))
    ]
    request = ExportMetricsServiceRequest.FromString(encode_metrics(made))
    assert [[["00", "00"], ["01"]], [["10"]]] == [
        [[metric.name for metric in of_scope.metrics] for of_scope in of_resource.scope_metrics]
        for of_resource in request.resource_metrics
    ]


def test_what_instruments_make_arrives(reader, troubles):
    """Every kind of instrument, with exemplars, as the core collects it: no point takes the long way."""
    meter = metrics.get_meter("shop.checkout", "1.2.0")
    with trace.get_tracer("shop").start_as_current_span("order"):
        for number in range(3):
            meter.create_counter("orders", "1", "Orders taken").add(number + 1, {"route": "/"})
            meter.create_up_down_counter("open").add(-number)
            meter.create_histogram("latency", "ms").record(2.5 * number, {"route": "/"})
            meter.create_gauge("level").set(number / 2)
    collected = reader.collect()
    assert ([expected_metric(metric) for metric in collected], {}) == (
        shown_all(encode_metrics(collected)),
        troubles(),
    )
    assert [1, 1, 2] == [
        sum(len(point.exemplars) for point in metric.points)
        for metric in collected
        if metric.name in {"orders", "open", "latency"}
    ]


def told(encoder, *attributes):
    """Encode a metric with these sets of attributes, and see that it arrives as it is."""
    metric = counter([NumberPoint(each, 1, 2, 3) for each in attributes])
    assert [expected_metric(metric)] == shown_all(encoder.encode([metric]))


def test_series_may_come_and_go_and_change_places():
    """What is remembered of the last time is used where it still holds."""
    encoder = MetricsEncoder()
    a, b, c = ({"route": route} for route in ("/a", "/b", "/c"))
    for sets in ([a, b], [a, b], [a, b, c], [b, c], [c, b], [], [dict(c), dict(b)], [{}], [{}, a]):
        told(encoder, *sets)


@pytest.mark.parametrize(
    "values",
    [
        (1, True, 1.0, "1", 1),
        (0.0, -0.0, 0.0),
        ((1,), (True,), (1.0,)),
        ({"k": 1}, {"k": True}),
        (None, "", 0),
    ],
    ids=repr,
)
def test_equal_values_of_other_types_are_told_apart(values):
    """Equal to Python, and nevertheless something else to who reads it; also if most stays as it was."""
    encoder = MetricsEncoder()
    for value in values:
        told(encoder, {"k": value, "same": "x"})
        told(encoder, {"k": value, "same": "x"})


def test_attributes_made_anew_each_time_are_not_written_anew():
    """A foreign source, which has no series, gains from what is remembered as well."""
    encoder = MetricsEncoder()
    encoder.encode([counter([NumberPoint({"route": "/", "n": 1}, 1, 2, 3)])])
    (series,) = encoder._known.values()
    places = series.places
    encoder.encode([counter([NumberPoint({"route": "/", "n": 1}, 1, 2, 4)])])
    assert places is series.places


@pytest.mark.parametrize("size", [1, 20, 63, 64, 65, 127, 128, 2020, 2047, 2048, 16_384, 70_000])
def test_points_of_every_length_arrive(size):
    """Where a length takes one more byte on the wire, nothing breaks."""
    points = [NumberPoint({"k": "v" * size}, 1, 2, 3), NumberPoint({"k" * size: 1}, 1, 2, 0.5)]
    metric = counter(points, name="n" * size)
    assert [expected_metric(metric)] == shown_all(encode_metrics([metric]))


def test_bounds_may_change_from_point_to_point():
    """Each point is told with its own bounds, shared or not, as many as there are."""
    bounds = [(0.5, 1.0), (0.5, 1.0), (2.0,), (), [0.5, 1.0], tuple(range(200))]
    points = [
        HistogramPoint({}, 1, 2, 3, 4.0, (1,) * (len(limits) + 1), limits, 0.0, 1.0) for limits in bounds
    ]
    none_at_all = HistogramPoint({}, 1, 2, 3, None, (), (), None, None)
    metric = Metric("h", "", "", SCOPE, RESOURCE, MetricKind.HISTOGRAM, [*points, none_at_all, *points])
    assert [expected_metric(metric)] == shown_all(encode_metrics([metric]))


def test_a_list_of_bounds_may_change():
    """Only bounds that cannot change are remembered."""
    encoder, bounds = MetricsEncoder(), [1.0]
    for number in (1.0, 2.0):
        bounds[0] = number
        point = HistogramPoint({}, 1, 2, 3, 4.0, (1, 2), bounds, 0.0, 1.0)
        metric = Metric("h", "", "", SCOPE, RESOURCE, MetricKind.HISTOGRAM, [point])
        assert [expected_metric(metric)] == shown_all(encoder.encode([metric]))


def test_a_payload_is_as_small_as_protobufs_own():
    """A series that is told again takes no more bytes than protobuf would."""
    points = [NumberPoint({"route": f"/{number}"}, 1, 2, number) for number in range(10)]
    payload = encode_metrics([counter(points)])
    assert len(payload) == len(ExportMetricsServiceRequest.FromString(payload).SerializeToString())


def test_what_is_remembered_does_not_grow():
    """Ever new metrics, series and bounds leave an encoder with no more than its bounds."""
    encoder = MetricsEncoder()
    for number in range(160):
        points = [NumberPoint({"k": number, "n": n}, 1, 2, 3) for n in range(100)]
        histogram = HistogramPoint({}, 1, 2, 3, 4.0, (1, 2), (float(number),), 0.0, 1.0)
        encoder.encode(
            [
                counter(points, f"n{number}", resource=Resource({"n": number})),
                Metric("h", "", "", SCOPE, RESOURCE, MetricKind.HISTOGRAM, [histogram]),
            ]
        )
    writer = encoder._kinds[id(MetricKind.HISTOGRAM)][0].__self__
    assert sum(len(series.places.given) + 1 for series in encoder._known.values()) <= 12_000
    assert len(writer._shapes) <= 64


def test_living_series_are_remembered_however_many_they_are():
    """Beyond the bound, what is gone makes room for what is there."""
    encoder = MetricsEncoder()
    encoder.encode([counter([NumberPoint({"n": n}, 1, 2, 3)], f"gone{n}") for n in range(6_000)])
    living = [counter([NumberPoint({"m": f"{n}"}, 1, 2, 3) for n in range(3_000)], f"m{m}") for m in range(4)]
    for _ in range(16):
        encoder.encode(living)
    assert ["m0", "m1", "m2", "m3"] == [name for name, *_ in encoder._known]


def test_long_attributes_are_not_remembered():
    """They would take much room, and hardly come again."""
    encoder = MetricsEncoder()
    told(encoder, {"query": "x" * 2_000})
    (series,) = encoder._known.values()
    assert () == series.places.given


def test_threads_share_an_encoder():
    """Several threads that encode at once each get their own metrics, whole."""
    encoder = MetricsEncoder()
    collections = [
        [counter([NumberPoint({"t": t, "n": n}, t, n, n)], f"{t}-{n}") for n in range(100)] for t in range(4)
    ]
    payloads: dict[int, set[bytes]] = {}

    def encode(t: int) -> None:
        payloads[t] = {encoder.encode(collections[t]) for _ in range(20)}

    threads = [threading.Thread(target=encode, args=(t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for t, collection in enumerate(collections):
        (payload,) = payloads[t]
        assert [expected_metric(metric) for metric in collection] == shown_all(payload)


def test_what_only_looks_like_a_metric_is_encoded(troubles):
    """An object with the public attributes of a metric, and of its points, is as good as one."""
    point = SimpleNamespace(attributes={"k": 1}, start_ns=1, time_ns=2, value=3)
    like = SimpleNamespace(name="x", unit="1", description="", kind=MetricKind.GAUGE, points=[point])
    shown = shown_all(encode_metrics([like]))
    metric = Metric("x", "1", "", SCOPE, None, MetricKind.GAUGE, [NumberPoint({"k": 1}, 1, 2, 3)])
    assert ([expected_metric(metric)], {}) == (shown, troubles())
