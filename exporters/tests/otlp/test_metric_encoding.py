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


def test_attributes_that_somebody_changed_are_told_as_they_are_now():
    """A series is found again by identity, and looked at all the same."""
    encoder, attributes = MetricsEncoder(), {"route": "/"}
    for route in ("/", "/cart"):
        attributes["route"] = route
        metric = counter([NumberPoint(attributes, 1, 2, 3)])
        assert [expected_metric(metric)] == shown_all(encoder.encode([metric]))


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
    """Ever new series, names, bounds and exemplars leave an encoder with no more than its bounds."""
    encoder = MetricsEncoder()
    writer = encoder._kinds[id(MetricKind.SUM)][1].__self__
    for number in range(200):
        points = [NumberPoint({"k": number, "n": n}, 1, 2, 3) for n in range(100)]
        bounds = (float(number),)
        histogram = HistogramPoint({}, 1, 2, 3, 4.0, (1, 2), bounds, 0.0, 1.0)
        encoder.encode(
            [
                counter(points, f"n{number}", resource=Resource({"n": number})),
                Metric("h", "", "", SCOPE, RESOURCE, MetricKind.HISTOGRAM, [histogram]),
            ]
        )
    assert len(writer._number_sets.known) <= 10_000
    assert len(writer._shapes) <= 64
    for number in range(5_000):
        encoder.encode([counter([], f"t{number}")])
    assert len(encoder._titles) <= 4096


def test_series_that_are_no_more_make_room():
    """A service that went through very many series still has its present ones remembered in the end."""
    encoder = MetricsEncoder()
    sets = encoder._kinds[id(MetricKind.SUM)][1].__self__._number_sets
    gone = [NumberPoint({"n": n}, 1, 2, 3) for n in range(10_000)]
    encoder.encode([counter(gone)])
    present = [NumberPoint({"m": n}, 1, 2, 3) for n in range(8_000)]
    for _ in range(11):
        encoder.encode([counter(present)])
    assert {True} == {id(point.attributes) in sets.known for point in present}


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
