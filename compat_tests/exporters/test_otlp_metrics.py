"""Metrics that midspan sends, as receivers that nobody here wrote understand them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.exporters._metric_batches import metrics_of_every_kind, mixed_metrics, odd_metrics
from compat_tests.exporters.test_otlp import PROTOCOLS, WAYS, as_id, camel
from midspan import metrics, sdk, trace
from midspan.exporters.otlp import OTLPExporter

if TYPE_CHECKING:
    from compat_tests.exporters.conftest import Agent, Rotel

pytestmark = [pytest.mark.server, pytest.mark.slow]

START, TIME = "1700000000000000001", "1700000060000000002"
EXEMPLARS = [
    {
        "timeUnixNano": "1700000000000000008",
        "traceId": f"{0xABC:032x}",
        "spanId": f"{0xDEF:016x}",
        "asInt": "-7",
        "filteredAttributes": [{"key": "taken", "value": {"stringValue": "away"}}],
    },
    {"timeUnixNano": "1700000000000000009", "asDouble": 0.25},
]
MOMENT = {"startTimeUnixNano": START, "timeUnixNano": TIME}
# What a receiver should tell of the points of `metrics_of_every_kind`, but for their attributes.
POINTS: dict[str, list[dict[str, Any]]] = {
    "ints": [MOMENT | {"asInt": "-9223372036854775808", "exemplars": EXEMPLARS}],
    "doubles": [MOMENT | {"asDouble": 1.5}, MOMENT | {"asInt": "0"}],
    "gauges": [
        MOMENT | {"asInt": "9223372036854775807"},
        MOMENT | {"asDouble": -0.5, "exemplars": EXEMPLARS},
    ],
    "histograms": [
        MOMENT
        | {
            "count": "6",
            "sum": 12.5,
            "min": -0.25,
            "max": 7.5,
            "bucketCounts": ["1", "2", "3"],
            "explicitBounds": [0.5, 5.0],
            "exemplars": EXEMPLARS,
        },
        MOMENT | {"count": "6"},
    ],
    "exponentials": [
        MOMENT
        | {
            "count": "310",
            "sum": 99.5,
            "min": -8.5,
            "max": 16.25,
            "scale": -2,
            "zeroCount": "7",
            "zeroThreshold": 0.125,
            "positive": {"offset": -3, "bucketCounts": ["1", "0", "300"]},
            "negative": {"offset": 4, "bucketCounts": ["2"]},
            "exemplars": EXEMPLARS,
        }
    ],
    "summaries": [
        MOMENT
        | {
            "count": "3",
            "sum": 4.5,
            "quantileValues": [{"quantile": 0.5, "value": 1.25}, {"quantile": 0.99, "value": 2.75}],
        }
    ],
}
KINDS = {
    "ints": ("sum", 1, False),
    "doubles": ("sum", 2, True),
    "gauges": ("gauge", None, False),
    "histograms": ("histogram", 1, False),
    "exponentials": ("exponentialHistogram", 2, False),
    "summaries": ("summary", None, False),
}
TEMPORALITIES = {"AGGREGATION_TEMPORALITY_DELTA": 1, "AGGREGATION_TEMPORALITY_CUMULATIVE": 2}


def send(receiver: Agent | Rotel, batch: list[Any], protocol: str, compression: str) -> bool:
    """Export metrics in one request."""
    endpoint = receiver.endpoint(protocol)
    exporter = OTLPExporter(endpoint, protocol=protocol, compression=compression, environment={})
    try:
        return exporter.export_metrics(batch)
    finally:
        exporter.shutdown(1)


def scopes_in(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the scopes that the test agent tells of, each with its metrics and its resource."""
    return [
        of_scope | {"above": of_resource}
        for request in map(camel, requests)
        for of_resource in request["resourceMetrics"]
        for of_scope in of_resource["scopeMetrics"]
    ]


def metrics_in(requests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the metrics that the test agent tells of, by name."""
    return {metric["name"]: metric for of_scope in scopes_in(requests) for metric in of_scope["metrics"]}


def shown_points(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return points without attributes, their ids as hexadecimal digits."""
    points = [{name: value for name, value in p.items() if name != "attributes"} for p in data["dataPoints"]]
    for point in points:
        for exemplar in point.get("exemplars", ()):
            for name, size in (("traceId", 32), ("spanId", 16)):
                if name in exemplar:
                    exemplar[name] = as_id(exemplar[name], size)
    return points


@pytest.mark.parametrize(("protocol", "compression"), WAYS)
def test_the_test_agent_gets_every_field_of_every_kind(test_agent, protocol, compression):
    """Sums, gauges, histograms of both kinds, summaries, their exemplars and what they are."""
    assert send(test_agent, metrics_of_every_kind(), protocol, compression) is True
    told = metrics_in(test_agent.ask("metrics"))
    assert POINTS == {name: shown_points(told[name][kind]) for name, (kind, _, _) in KINDS.items()}
    assert {name: ("ms", f"all of {name}") for name in KINDS} == {
        name: (metric["unit"], metric["description"]) for name, metric in told.items()
    }
    kinds = {}
    for name, (kind, _, _) in KINDS.items():
        temporality = told[name][kind].get("aggregationTemporality")
        is_monotonic = told[name][kind].get("isMonotonic", False)
        kinds[name] = (kind, TEMPORALITIES.get(temporality, temporality), is_monotonic)
    assert KINDS == kinds


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_the_test_agent_gets_attributes_of_every_type(test_agent, protocol):
    """On the points of each kind, and resource and scope above them."""
    assert send(test_agent, metrics_of_every_kind(), protocol, "none") is True
    (of_scope,) = scopes_in(test_agent.ask("metrics"))
    scope, resource = of_scope["scope"], of_scope["above"]
    assert ("scope", "1.2", "https://example.org/s", "https://example.org/r") == (
        scope["name"],
        scope["version"],
        of_scope["schemaUrl"],
        resource["schemaUrl"],
    )
    assert [{"key": "service.name", "value": {"stringValue": "shop"}}] == resource["resource"]["attributes"]
    assert [{"key": "scope.k", "value": {"stringValue": "v"}}] == scope["attributes"]
    told = {metric["name"]: metric for metric in of_scope["metrics"]}
    for name in ("ints", "gauges", "histograms", "exponentials", "summaries"):
        attributes = told[name][KINDS[name][0]]["dataPoints"][0]["attributes"]
        values = {pair["key"]: pair.get("value", {}) for pair in attributes}
        assert {
            "text": {"stringValue": "é注"},
            "yes": {"boolValue": True},
            "number": {"intValue": str(-(2**63))},
            "double": {"doubleValue": 1.5},
            "bytes": {"bytesValue": "/wA="},
            "none": {},
        } == {key: values[key] for key in ("text", "yes", "number", "double", "bytes", "none")}


EVERYTHING_IN_ROTEL = """\
Resource SchemaURL: https://example.org/r
     -> service.name: Str(shop)
ScopeMetrics SchemaURL: https://example.org/s
InstrumentationScope scope 1.2
     -> scope.k: Str(v)
     -> Unit: ms
     -> IsMonotonic: true
     -> AggregationTemporality: AGGREGATION_TEMPORALITY_DELTA
     -> AggregationTemporality: AGGREGATION_TEMPORALITY_CUMULATIVE
     -> text: Str(é注)
     -> list: Slice(Str(a), Int(1), Bool(true), Double(2.5), Bytes([98]))
     -> map: Map(k:Map(l:Slice(Int(1))))
StartTimestamp: 1700000000000000001
Timestamp: 1700000060000000002
Value: -9223372036854775808
Value: 9223372036854775807
Value: 1.5
Value: 0
Value: -0.5
     -> Trace ID: 00000000000000000000000000000abc
     -> Span ID: 0000000000000def
     -> Timestamp: 1700000000000000008
     -> Value: -7
     -> Value: 0.25
          -> taken: Str(away)
Count: 6
Sum: 12.5
Min: -0.25
Max: 7.5
ExplicitBounds #0: 0.5
ExplicitBounds #1: 5
Buckets #2, Count: 3
Count: 310
Bucket [-1048576, -65535.99999999998), Count: 2
Bucket [0, 0], Count: 7
Bucket (0.0625, 1], Count: 300
Min: -8.5
Max: 16.25
Count: 3
QuantileValue #0: Quantile 0.5, Value 1.25
QuantileValue #1: Quantile 0.99, Value 2.75"""


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_rotel_decodes_every_field_of_every_kind(rotel, protocol, compression):
    """As strictly as Rust does."""
    assert send(rotel, metrics_of_every_kind(), protocol, compression) is True
    lines = rotel.text_with("QuantileValue #1").splitlines()
    assert [] == [line for line in EVERYTHING_IN_ROTEL.splitlines() if line not in lines]
    types = [line.partition("DataType: ")[2] for line in lines if "DataType: " in line]
    assert ["Sum", "Sum", "Gauge", "Histogram", "ExponentialHistogram", "Summary"] == types


def test_rotel_decodes_each_of_2000_points(rotel):
    """A busy service's collection, compressed."""
    batch = mixed_metrics()
    assert send(rotel, batch, "http/protobuf", "gzip") is True
    text = rotel.text_with("DataPoints #9", len(batch))
    assert [] == [metric.name for metric in batch if f"-> Name: {metric.name}" not in text]
    assert 2_000 == text.count("DataPoints #")


def test_rotel_reads_of_the_json_form_what_it_can(rotel):
    """Names, units and doubles; numbers of 64 bits in strings, as the form has them, are lost on it."""
    batch = [metric for metric in metrics_of_every_kind() if metric.name in {"doubles", "histograms"}]
    assert send(rotel, batch, "http/json", "none") is True
    text = rotel.text_with("-> Name: histograms")
    assert [True, True, True, False] == [
        line in text
        for line in ("-> Name: doubles", "-> Description: all of histograms", "Value: 1.5", "Value: 0")
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_odd_metrics_cost_the_test_agent_no_other(test_agent, protocol):
    """A batch in which most metrics hold something that cannot be sent as it is arrives, but for that."""
    assert send(test_agent, odd_metrics(), protocol, "none") is True
    told = metrics_in(test_agent.ask("metrics"))
    assert {f"odd{number}." for number in range(8)} == told.keys()
    good = {"key": "good", "value": {"boolValue": True}}
    assert [[good]] * 7 == [
        told[f"odd{number}."]["sum"]["dataPoints"][0]["attributes"] for number in range(7)
    ]


def test_odd_metrics_cost_rotel_no_other(rotel):
    """Nor there."""
    assert send(rotel, odd_metrics(), "http/protobuf", "none") is True
    text = rotel.text_with("-> Name: odd7.")
    assert [] == [number for number in range(8) if f"-> Name: odd{number}." not in text]
    assert 7 <= text.count("good: Bool(true)")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_pipeline_delivers_both_signals(test_agent, monkeypatch, protocol):
    """From instruments to a receiver, by name and variables: the counts are right, and so is the account."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", test_agent.endpoint(protocol))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
    pipeline = sdk.configure(service_name="shop", exporters=["otlp"], self_metrics=False)
    meter = metrics.get_meter("shop.checkout", "1.2.0")
    orders, latency = meter.create_counter("orders"), meter.create_histogram("latency", "ms")
    with trace.get_tracer("shop").start_as_current_span("charge") as span:
        for number in range(1_000):
            orders.add(1, {"n": number % 10})
            latency.record(number)
    assert pipeline.shutdown(30) is True
    assert (11, 1) == (pipeline.stats().metrics["otlp"].exported, pipeline.stats().exporters["otlp"].exported)
    told = metrics_in(test_agent.ask("metrics"))
    assert ["100"] * 10 == [point["asInt"] for point in told["orders"]["sum"]["dataPoints"]]
    (point,) = shown_points(told["latency"]["histogram"])
    assert ("1000", f"{span.context.trace_id:032x}") == (point["count"], point["exemplars"][0]["traceId"])
    assert 1 == len(test_agent.ask("traces"))


def test_deltas_add_up_at_the_receiver(test_agent):
    """With the preference for deltas, what is told in several exports is the whole."""
    exporter = OTLPExporter(test_agent.url, temporality="delta", environment={})
    pipeline = sdk.configure(exporters=[exporter], self_metrics=False, environment={})
    orders = metrics.get_meter("shop").create_counter("orders")
    begin_ns = time.time_ns()
    for amount in (1, 20, 300):
        orders.add(amount)
        assert pipeline.force_flush(10) is True
    assert pipeline.shutdown(10) is True
    told = [
        point
        for of_scope in scopes_in(test_agent.ask("metrics"))
        for metric in of_scope["metrics"]
        for point in metric["sum"]["dataPoints"]
    ]
    told.sort(key=lambda point: int(point["timeUnixNano"]))
    assert ["1", "20", "300"] == [point["asInt"] for point in told]
    ends = [int(point["timeUnixNano"]) for point in told]
    starts = [int(point["startTimeUnixNano"]) for point in told]
    assert (ends[:-1], True) == (starts[1:], begin_ns - 10**10 < starts[0] < ends[0])
