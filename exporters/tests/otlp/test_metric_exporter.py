from __future__ import annotations

import gzip
import json
import threading

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from exporters.tests._oracle import decode
from midspan import metrics, sdk, trace
from midspan.exporters.jsonl import read, read_metrics
from midspan.exporters.otlp import Answer, OTLPExporter
from midspan.metrics import Metric, MetricKind, NumberPoint, Temporality
from midspan.resource import Resource

PROTOBUF = {"content-type": "application/x-protobuf"}


def a_metric(name="orders", value=3):
    """Return a finished sum."""
    scope = trace.InstrumentationScope("shop")
    point = NumberPoint({"route": "/"}, 1, 2, value)
    return Metric(name, "1", "", scope, Resource({}), MetricKind.SUM, [point], is_monotonic=True)


def metrics_in(body):
    """Return the metrics of a request's body."""
    request = ExportMetricsServiceRequest.FromString(body)
    return [
        metric
        for of_resource in request.resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
    ]


def exporter(endpoint, **options):
    """Return an exporter that nothing outside the test configures."""
    return OTLPExporter(endpoint, environment={}, **options)


class Answering:
    """A transport that always gives one answer, and remembers what it was given."""

    def __init__(self, answer=None):
        self.answer = answer or Answer(200, {}, b"")
        self.requests = []
        self.timeouts = []
        self.closed = 0

    def send(self, request, timeout_s):
        self.requests.append(request)
        self.timeouts.append(timeout_s)
        return self.answer

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_metrics_arrive_in_protobuf(collector, compression):
    """At a path of their own."""
    assert exporter(collector.url, compression=compression).export_metrics([a_metric()]) is True
    (received,) = collector.received
    assert ("/v1/metrics", "application/x-protobuf", ["orders"]) == (
        received.path,
        received.headers["content-type"],
        [metric.name for metric in metrics_in(received.body)],
    )


def test_metrics_arrive_in_json(collector):
    """With the other protocol."""
    assert exporter(collector.url, protocol="http/json").export_metrics([a_metric()]) is True
    (received,) = collector.received
    (of_resource,) = json.loads(received.body)["resourceMetrics"]
    assert ("/v1/metrics", "application/json", "orders") == (
        received.path,
        received.headers["content-type"],
        of_resource["scopeMetrics"][0]["metrics"][0]["name"],
    )


def test_the_pipeline_sends_both_signals(collector, monkeypatch):
    """`exporters=["otlp"]`, and the variables of the specification: each signal in its own manner."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-tenant=blue")
    pipeline = sdk.configure(service_name="shop", exporters=["otlp"], self_metrics=False)
    trace.get_tracer("shop").start_span("charge").end()
    metrics.get_meter("shop").create_counter("orders").add(3)
    assert pipeline.shutdown(10) is True
    received = {one.path: one for one in collector.received}
    assert {"/v1/traces", "/v1/metrics"} == received.keys()
    assert ["charge"] == [each.span.name for each in decode(received["/v1/traces"].body)]
    (orders,) = metrics_in(received["/v1/metrics"].body)
    assert ("orders", 3) == (orders.name, orders.sum.data_points[0].as_int)
    assert [(None, None), ("gzip", "blue")] == [
        (received[path].headers.get("content-encoding"), received[path].headers.get("x-tenant"))
        for path in ("/v1/traces", "/v1/metrics")
    ]


def test_nothing_named_both_signals_go_to_the_collector(collector, monkeypatch):
    """That is the specification's default."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    pipeline = sdk.configure(service_name="shop")
    trace.get_tracer("shop").start_span("charge").end()
    metrics.get_meter("shop").create_counter("orders").add(3)
    assert pipeline.shutdown(10) is True
    assert ["/v1/metrics", "/v1/traces"] == sorted(received.path for received in collector.received)


def test_readers_keep_to_the_preferred_temporality(collector):
    """What is collected for this exporter is a difference, if it prefers that."""
    one = exporter(collector.url, temporality="delta")
    pipeline = sdk.configure(exporters=[one], self_metrics=False, environment={})
    counter = metrics.get_meter("shop").create_counter("orders")
    for amount in (3, 4):
        counter.add(amount)
        assert pipeline.force_flush(10) is True
    told = [metrics_in(received.body)[0].sum for received in collector.received]
    assert [(3, 1), (4, 1)] == [(each.data_points[0].as_int, each.aggregation_temporality) for each in told]


def test_a_refusal_of_metrics_is_a_failure_counted_and_said_once(troubles, caplog):
    """Beside what is said of spans."""
    script = Answering(Answer(404, {"content-type": "application/json"}, b'{"message": "no"}'))
    one = exporter("http://c", transport=script)
    assert [False] * 2 == [one.export_metrics([a_metric()]) for _ in range(2)]
    assert ({"otlp.metrics.refused": 2}, ["http://c/v1/metrics refused metrics: HTTP 404 no"]) == (
        troubles(),
        caplog.messages,
    )


def _partial(rejected, message):
    success = ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=message)
    return ExportMetricsServiceResponse(partial_success=success).SerializeToString()


JSON_PARTIAL = json.dumps({"partialSuccess": {"rejectedDataPoints": "3", "errorMessage": "too old"}}).encode()


@pytest.mark.parametrize(
    ("headers", "body"),
    [(PROTOBUF, _partial(3, "too old")), ({"content-type": "application/json"}, JSON_PARTIAL)],
    ids=["protobuf", "json"],
)
def test_a_partial_success_is_counted_and_said(troubles, caplog, headers, body):
    """The batch was taken; that some of its points were not is no secret."""
    one = exporter("http://c", transport=Answering(Answer(200, headers, body)))
    assert one.export_metrics([a_metric()]) is True
    assert (
        {"otlp.metrics.rejected": 1},
        ["http://c/v1/metrics rejected 3 data points of a batch: too old"],
    ) == (
        troubles(),
        caplog.messages,
    )


def test_a_warning_is_said(caplog):
    """A collector may accept everything and have something to say."""
    one = exporter("http://c", transport=Answering(Answer(200, PROTOBUF, _partial(0, "nearly full"))))
    assert one.export_metrics([a_metric()]) is True
    assert ["http://c/v1/metrics accepted metrics with a warning: nearly full"] == caplog.messages


def test_a_collector_that_is_away_is_said_in_one_line_for_both(make_span, troubles, caplog):
    """It is one trouble."""
    one = exporter("http://127.0.0.1:1")
    assert [False, False] == [one.export_metrics([a_metric()]), one.export_spans([make_span()])]
    assert ({"otlp.not_sent": 2}, 1) == (troubles(), len(caplog.messages))
    assert caplog.messages[0].startswith("metrics were not sent to http://127.0.0.1:1/v1/metrics: Connection")


@pytest.mark.parametrize("timeout_s", [0, -1.0])
def test_without_time_nothing_is_sent(troubles, timeout_s):
    """A deadline that has passed is kept."""
    script = Answering()
    assert exporter("http://c", transport=script).export_metrics([a_metric()], timeout_s=timeout_s) is False
    assert ([], {"otlp.not_sent": 1}) == (script.requests, troubles())


@pytest.mark.parametrize(("given", "limit_s"), [(2.5, 2.5), (60, 10.0), (None, 10.0)])
def test_the_smaller_limit_counts(given, limit_s):
    """What the pipeline allows, or what is configured."""
    script = Answering()
    exporter("http://c", transport=script).export_metrics([a_metric()], timeout_s=given)
    assert [limit_s] == script.timeouts


def test_a_transport_of_somebodys_own_is_told_the_signal(make_span):
    """It gets both, ready to be sent, and is closed once."""
    script = Answering()
    one = exporter("http://c", transport=script, compression="gzip")
    assert [True, True, True] == [
        one.export_spans([make_span()]),
        one.export_metrics([a_metric()]),
        one.export_metrics([]),
    ]
    one.shutdown(1)
    assert (["traces", "metrics"], 1) == ([request.signal for request in script.requests], script.closed)
    assert ["orders"] == [metric.name for metric in metrics_in(gzip.decompress(script.requests[1].body))]


def test_shutdown_closes_both_lanes(collector, make_span, troubles):
    """What comes later fails, and is counted."""
    one = exporter(collector.url)
    one.shutdown(1)
    assert (False, False) == (one.export_spans([make_span()]), one.export_metrics([a_metric()]))
    assert ({"otlp.not_sent": 2}, []) == (troubles(), collector.received)


@pytest.mark.parametrize(("signal", "path"), [("traces", "/v1/traces"), ("metrics", "/v1/metrics")])
def test_one_signal_can_be_left_out(collector, signal, path):
    """For a backend that takes the other alone; the pipeline then never asks."""
    one = exporter(collector.url, signals=[signal])
    pipeline = sdk.configure(exporters=[one], environment={})
    trace.get_tracer("shop").start_span("charge").end()
    metrics.get_meter("shop").create_counter("orders").add(3)
    assert (True, [path]) == (pipeline.shutdown(10), [received.path for received in collector.received])
    assert f"OTLPExporter('{collector.url}{path}', http/protobuf, none)" == repr(one)


@pytest.mark.parametrize("signals", [[], ["logs"], ["traces", "logs"], "traces"])
def test_signals_that_are_none_are_refused(signals):
    """By name, with what is allowed."""
    with pytest.raises(sdk.ConfigurationError, match="is not valid: allowed are 'traces' and 'metrics'"):
        OTLPExporter(transport=Answering(), signals=signals)


def test_what_differs_is_shown():
    """When the signals are not sent in the same manner, both manners can be seen."""
    variables = {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json"}
    assert (
        "OTLPExporter('http://c/v1/traces', 'http://c/v1/metrics', http/protobuf, none; http/json, none)"
        == repr(OTLPExporter("http://c", transport=Answering(), environment=variables))
    )


def test_secrets_of_metrics_in_clear_are_warned_of(caplog):
    """By the variables of metrics alone, too."""
    variables = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://metrics.example.org/in?token=1",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "api-key=secret",
    }
    OTLPExporter(environment=variables)
    assert ["api-key is sent unencrypted to http://metrics.example.org/in"] == caplog.messages


def names_in(received):
    """Return the names of the spans or metrics of a request."""
    is_json = received.headers["content-type"] == "application/json"
    if received.path == "/v1/traces":
        spans = read([received.body]) if is_json else [each.span for each in decode(received.body)]
        return [span.name for span in spans]
    return [
        metric.name for metric in (read_metrics([received.body]) if is_json else metrics_in(received.body))
    ]


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_both_signals_are_sent_at_once_through_one_exporter(collector, make_span, protocol):
    """Two workers and more: each request arrives at its place, whole, and each gets its own answer."""
    one = exporter(collector.url, protocol=protocol, compression="gzip")
    spans = [make_span(f"s{number}") for number in range(20)]
    taken: list[bool] = []

    def send_spans() -> None:
        taken.extend(one.export_spans([span]) for span in spans)

    def send_metrics() -> None:
        taken.extend(one.export_metrics([a_metric(f"m{number}", number)]) for number in range(20))

    threads = [threading.Thread(target=each) for each in (send_spans, send_metrics) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {"/v1/traces": [], "/v1/metrics": []}
    for received in collector.received:
        told[received.path] += names_in(received)
    assert [True] * 120 == taken
    assert sorted([f"s{number}" for number in range(20)] * 3) == sorted(told["/v1/traces"])
    assert sorted([f"m{number}" for number in range(20)] * 3) == sorted(told["/v1/metrics"])


def test_the_account_of_the_pipeline_is_in_points(collector):
    """What the collector took is exported, what it refused is dropped."""
    pipeline = sdk.configure(exporters=[exporter(collector.url)], self_metrics=False, environment={})
    counter = metrics.get_meter("shop").create_counter("orders")
    counter.add(1, {"n": 1})
    counter.add(1, {"n": 2})
    assert pipeline.force_flush(10) is True
    collector.answer = (500, {}, b"")
    assert pipeline.force_flush(10) is False
    account = pipeline.stats().metrics["otlp"]
    assert (2, {"refused": 2}) == (account.exported, account.dropped)


def test_preferences_may_be_a_table(collector):
    """By kind of instrument, for who needs it exactly."""
    one = exporter(collector.url, temporality={"histogram": Temporality.DELTA})
    pipeline = sdk.configure(exporters=[one], environment={})
    metrics.get_meter("shop").create_counter("c").add(1)
    metrics.get_meter("shop").create_histogram("h").record(1)
    assert pipeline.shutdown(10) is True
    (received,) = collector.received
    told = {metric.name: metric for metric in metrics_in(received.body)}
    assert (2, 1) == (told["c"].sum.aggregation_temporality, told["h"].histogram.aggregation_temporality)


def test_histograms_become_what_the_exporter_prefers(collector):
    """By argument or by the variable of the specification."""
    one = exporter(collector.url, histogram_aggregation="base2_exponential_bucket_histogram")
    pipeline = sdk.configure(exporters=[one], self_metrics=False, environment={})
    metrics.get_meter("shop").create_histogram("latency").record(3)
    assert pipeline.shutdown(10) is True
    (received,) = collector.received
    (latency,) = metrics_in(received.body)
    assert ("exponential_histogram", 1) == (
        latency.WhichOneof("data"),
        latency.exponential_histogram.data_points[0].count,
    )
