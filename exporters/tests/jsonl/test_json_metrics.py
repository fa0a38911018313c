"""The JSON form of metrics, held against protobuf's own JSON mapping."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporters.tests._metric_oracle import decoded_metrics, expected_metric, shown_metric
from exporters.tests._metric_strategies import metric_batches
from midspan import metrics
from midspan.exporters.jsonl import json_of_metrics, json_of_spans, read, read_metrics
from midspan.metrics import Exemplar, Metric, MetricKind, NumberPoint, Temporality
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

IDS = {"traceId", "spanId"}
SCOPE = InstrumentationScope("shop")


def as_protobuf_has_it(document: Any) -> Any:
    """Return the document with ids in base64, where protobuf's JSON and OTLP's differ."""
    if isinstance(document, dict):
        return {
            name: base64.b64encode(bytes.fromhex(value)).decode()
            if name in IDS
            else as_protobuf_has_it(value)
            for name, value in document.items()
        }
    return [as_protobuf_has_it(item) for item in document] if isinstance(document, list) else document


def a_sum(*points: Any, name: str = "visits") -> Metric:
    """Return a sum with these points."""
    return Metric(name, "1", "", SCOPE, Resource({}), MetricKind.SUM, points, Temporality.DELTA, True)


def written(metric: Metric) -> dict[str, Any]:
    """Return the JSON form of one metric."""
    return json.loads(json_of_metrics([metric]))["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]


@given(metric_batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
def test_protobuf_reads_what_was_meant(batch):
    """Protobuf's runtime reads each field of each kind, as it was."""
    document = as_protobuf_has_it(json.loads(json_of_metrics(batch)))
    request = json_format.ParseDict(document, ExportMetricsServiceRequest())
    expected = sorted((expected_metric(metric) for metric in batch), key=repr)
    assert expected == sorted((shown_metric(each.metric) for each in decoded_metrics(request)), key=repr)


@given(metric_batches())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
def test_what_is_written_can_be_read(batch):
    """Each metric comes back with all that it held, and stands under the same resource and scope."""
    expected = sorted(((expected_metric(m), m.resource, m.scope) for m in batch), key=repr)
    back = read_metrics([json_of_metrics(batch)])
    assert repr(expected) == repr(sorted(((expected_metric(m), m.resource, m.scope) for m in back), key=repr))


def test_ids_are_hexadecimal_and_numbers_of_64_bits_are_strings():
    """As OTLP's JSON wants it."""
    exemplar = Exemplar(2**60, 7, 0xAB, 0xCD, {"user": "x"})
    data = written(a_sum(NumberPoint({}, 5, 2**60, 3, [exemplar])))["sum"]
    point = {
        "startTimeUnixNano": "5",
        "timeUnixNano": str(2**60),
        "asInt": "3",
        "exemplars": [
            {
                "filteredAttributes": [{"key": "user", "value": {"stringValue": "x"}}],
                "timeUnixNano": "7",
                "asInt": str(2**60),
                "spanId": "00000000000000cd",
                "traceId": "000000000000000000000000000000ab",
            }
        ],
    }
    assert {"dataPoints": [point], "aggregationTemporality": 1, "isMonotonic": True} == data


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (0.5, 0.5),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (2**63, 2.0**63),
    ],
)
def test_an_amount_that_is_no_integer_of_64_bits_is_a_double(value, form):
    """JSON has no name for some; protobuf's mapping has."""
    (point,) = written(a_sum(NumberPoint({}, 0, 1, value)))["sum"]["dataPoints"]
    assert form == point["asDouble"]


def test_an_exemplar_outside_any_span_has_no_ids():
    """Zeros would be the ids of nothing."""
    (point,) = written(a_sum(NumberPoint({}, 0, 1, 1, [Exemplar(1, 2)])))["sum"]["dataPoints"]
    assert [{"timeUnixNano": "2", "asInt": "1"}] == point["exemplars"]


@pytest.mark.parametrize(
    "point",
    [
        None,
        NumberPoint({}, 0, -1, 1),
        NumberPoint({}, 0, 2**64, 1),
        NumberPoint({}, "soon", 1, 1),
        NumberPoint({}, 0, 1, "many"),
        NumberPoint({}, 0, 1, 10**400),
    ],
    ids=repr,
)
def test_a_point_that_cannot_be_sent_costs_nothing_but_itself(troubles, point):
    """The points around it are written."""
    good = NumberPoint({}, 0, 1, 5)
    (metric,) = read_metrics([json_of_metrics([a_sum(good, point, good)])])
    assert ([5, 5], 1) == ([each.value for each in metric.points], troubles()["encoding.no_point"])


@pytest.mark.parametrize(
    "odd", [None, SimpleNamespace(kind="sum"), a_sum()._replace(temporality=7)], ids=["none", "other", "kind"]
)
def test_what_is_no_metric_is_left_out_and_counted(troubles, odd):
    """Its neighbours are written."""
    text = json_of_metrics([a_sum(name="a"), odd, a_sum(name="b")])
    assert (["a", "b"], 1) == (
        [metric.name for metric in read_metrics([text])],
        troubles()["encoding.no_metric"],
    )


def test_odd_attributes_are_mended():
    """As those of spans are."""
    (metric,) = read_metrics([json_of_metrics([a_sum(NumberPoint({"a": 1, "b": {2}, "c": 2**70}, 0, 1, 1))])])
    assert {"a": 1, "b": (2,), "c": str(2**70)} == metric.points[0].attributes


def test_it_is_one_line_of_ascii():
    """No line break of any alphabet gets in."""
    text = json_of_metrics([a_sum(name="a\nb\u2028c\x85d")])
    assert (1, True) == (len(text.splitlines()), text.isascii())


def test_metrics_of_one_resource_and_scope_stand_together():
    """Nothing is told twice, not even of metrics that are made while they are written."""
    resource = Resource({"service.name": "shop"})
    document = json.loads(json_of_metrics(a_sum()._replace(resource=resource) for _ in range(3)))
    (group,) = document["resourceMetrics"]
    assert [3] == [len(part["metrics"]) for part in group["scopeMetrics"]]


def test_spans_and_metrics_can_stand_in_one_file(make_span):
    """Each reader passes over what is the other's."""
    lines = [json_of_spans([make_span("charge")]), json_of_metrics([a_sum()]), ""]
    assert (["charge"], ["visits"]) == (
        [span.name for span in read(lines)],
        [metric.name for metric in read_metrics(lines)],
    )


@pytest.mark.parametrize(
    "metric",
    [
        5,
        {},
        {"sum": {"dataPoints": []}},
        {"sum": {"aggregationTemporality": 3}},
        {"sum": 5},
        {"gauge": {"dataPoints": 5}},
        {"gauge": {"dataPoints": [5]}},
        {"gauge": {"dataPoints": [{"asInt": "x"}]}},
        {"gauge": {"dataPoints": [{"timeUnixNano": -1}]}},
        {"gauge": {"dataPoints": [{"exemplars": [5]}]}},
        {"exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [{"positive": 5}]}},
        {"summary": {"dataPoints": [{"quantileValues": [5]}]}},
    ],
    ids=json.dumps,
)
def test_a_metric_that_cannot_be_read_is_left_out_and_counted(troubles, metric):
    """The metrics around it are read."""
    good = {"name": "a", "gauge": {}}
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [good, metric, good]}]}]}
    assert (["a", "a"], 1) == ([m.name for m in read_metrics([document])], troubles()["jsonl.unreadable"])


def test_what_the_pipeline_collects_can_be_read_back(memory):
    """Four kinds of instruments, from instrument to file and back."""
    meter = metrics.get_meter("shop", "1.2")
    meter.create_counter("counter", unit="1", description="of visits").add(2, {"route": "/"})
    meter.create_up_down_counter("up_down").add(-1.5)
    meter.create_gauge("gauge").set(7)
    meter.create_histogram("histogram", unit="ms", boundaries=(1, 5)).record(2)
    collected = memory.metrics
    expected = [expected_metric(metric) for metric in collected]
    assert (expected, 4) == (
        [expected_metric(metric) for metric in read_metrics([json_of_metrics(collected)])],
        len(expected),
    )
