from __future__ import annotations

import base64
import json
import math
from typing import Any

from hypothesis import HealthCheck, given, settings

from exporters.tests._metric_strategies import metric_batches
from exporters.tests._strategies import batches, records
from exporters.tests.opencensus_agent._decoder import bits, decode_metrics, decode_spans, one_span
from midspan import _trouble
from midspan.exporters.opencensus_agent import encode_metrics, encode_spans
from midspan.exporters.opencensus_agent._request import halved
from midspan.metrics import MetricKind, Temporality
from midspan.trace import SpanKind, StatusCode

_SLOW = [HealthCheck.too_slow]
_INT32 = 2**31 - 1
_INT64 = 2**63 - 1
KINDS = {SpanKind.SERVER: 1, SpanKind.CLIENT: 2}
OURS = {"span.kind", "otel.status_code", "otel.scope.name", "otel.scope.version", "opencensus.status_code"}
COUNTED = {MetricKind.SUM, MetricKind.HISTOGRAM, MetricKind.EXPONENTIAL_HISTOGRAM}


def same(value: Any) -> Any:
    """Say what should arrive of an attribute's value, from its type alone, so that equal means the same."""
    if isinstance(value, float):
        return bits(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(as_json(value), separators=(",", ":"), ensure_ascii=False)
    return type(value).__name__, value


def as_json(value: Any) -> Any:
    """Say what stands in a list's or a map's JSON for a value."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return {key: as_json(item) for key, item in value.items()} if isinstance(value, dict) else value


def arrived(given_value: Any, told: Any) -> Any:
    """Return what arrived, to be compared with `same` of what was given."""
    is_text_of_other = isinstance(given_value, (bytes, list, tuple, dict))
    return told if is_text_of_other else same(told)


def assert_attributes(given_attributes: Any, told: Any, dropped: int) -> None:
    """See that all attributes arrived that are not None, nor ours to say."""
    pairs = told.get("attribute_map", {})
    for key, value in given_attributes.items():
        if value is None:
            assert key in OURS or key not in pairs
        elif key not in OURS:
            assert same(value) == arrived(value, pairs[key])
    assert min(dropped, _INT32) == told.get("dropped_attributes_count", 0)


@given(records())
@settings(suppress_health_check=_SLOW, max_examples=40, deadline=None)
def test_every_span_survives_the_way_there(span):
    """Each field of a span, of its events and of its links can be read back."""
    told = one_span(encode_spans([span]))
    parent = 0 if span.parent is None else span.parent.span_id
    assert (span.context.trace_id, span.context.span_id, parent) == tuple(
        int.from_bytes(told.get(name, b""), "big") for name in ("trace_id", "span_id", "parent_span_id")
    )
    assert (span.name, span.start_ns, span.end_ns) == (told["name"], told["start_time"], told["end_time"])
    assert KINDS.get(span.kind) == told.get("kind")
    assert dict(span.context.trace_state) == told.get("tracestate", {}).get("entries", {})
    assert_attributes(
        {**dict(span.scope.attributes), **span.attributes},
        told.get("attributes", {}),
        span.dropped_attributes,
    )
    assert_status(span, told)
    assert_events(span, told.get("time_events", {}))
    assert_links(span, told.get("links", {}))


def assert_status(span: Any, told: Any) -> None:
    """See that a failure has its description, and that nothing else is one."""
    if span.status.code is StatusCode.ERROR:
        assert (True, span.status.description) == (
            told["status"]["code"] > 0,
            told["status"].get("message", ""),
        )
    else:
        assert "code" not in told.get("status", {})


def assert_events(span: Any, told: Any) -> None:
    """See that all events arrived; none of them is a message of OpenCensus's."""
    assert min(span.dropped_events, _INT32) == told.get("dropped_annotations_count", 0)
    for event, got in zip(span.events, told.get("time_event", ()), strict=True):
        assert (event.name, event.timestamp_ns) == (got["annotation"]["description"], got["time"])
        assert_attributes(event.attributes, got["annotation"].get("attributes", {}), event.dropped_attributes)


def assert_links(span: Any, told: Any) -> None:
    """See that all links arrived."""
    assert min(span.dropped_links, _INT32) == told.get("dropped_links_count", 0)
    for link, got in zip(span.links, told.get("link", ()), strict=True):
        ids = int.from_bytes(got["trace_id"], "big"), int.from_bytes(got["span_id"], "big")
        assert (link.context.trace_id, link.context.span_id) == ids
        assert dict(link.context.trace_state) == got.get("tracestate", {}).get("entries", {})
        assert_attributes(link.attributes, got.get("attributes", {}), link.dropped_attributes)


@given(batches())
@settings(suppress_health_check=_SLOW, max_examples=20, deadline=None)
def test_the_neighbours_of_a_span_do_not_change_it(spans):
    """A batch says of each span what a request with it alone says, but for whose it is."""
    together = decode_spans(encode_spans(spans))["spans"]
    alone = [one_span(encode_spans([span])) for span in spans]
    assert [repr(each) for each in alone] == [
        repr({key: value for key, value in each.items() if key != "resource"}) for each in together
    ]


@given(metric_batches())
@settings(suppress_health_check=_SLOW, max_examples=40, deadline=None)
def test_every_metric_survives_the_way_there(metrics):
    """All that OpenCensus has a type for arrives, each point with its numbers, and nothing raises."""
    _trouble.reset()
    told = decode_metrics(encode_metrics(metrics)).get("metrics", [])
    expected = [each for each in metrics if each.points and not is_delta(each)]
    assert len(expected) == len(told)
    for metric, got in zip(expected, told, strict=True):
        descriptor = got["metric_descriptor"]
        assert (metric.name, metric.unit, metric.description) == tuple(
            descriptor.get(name, "") for name in ("name", "unit", "description")
        )
        for point, series in zip(metric.points, got["timeseries"], strict=True):
            assert_point(metric.kind, point, series["points"][0])
            assert_labels(point.attributes, descriptor, series)
    assert {"opencensus_agent.delta", "encoding.odd_number"} >= _trouble.counts().keys()


def is_delta(metric: Any) -> bool:
    """Say whether OpenCensus has no type for a metric."""
    return metric.temporality is Temporality.DELTA and metric.kind in COUNTED


def assert_point(kind: MetricKind, point: Any, told: Any) -> None:
    """See that the numbers of a point arrived."""
    assert point.time_ns == told["timestamp"]
    if kind in {MetricKind.SUM, MetricKind.GAUGE}:
        value = told["int64_value"] if "int64_value" in told else told["double_value"]
        assert same(point.value) == same(value) or bits(float(point.value)) == bits(value)
    elif kind is MetricKind.SUMMARY:
        summary = told["summary_value"]
        assert (min(point.count, _INT64), bits(point.sum)) == (summary["count"], bits(summary["sum"]))
    else:
        distribution = told["distribution_value"]
        bounds = distribution.get("bucket_options", {}).get("explicit", {}).get("bounds", [])
        assert min(point.count, _INT64) == distribution["count"]
        assert bits(point.sum or 0.0) == bits(distribution.get("sum", 0.0)) or point.sum == 0
        assert bounds == sorted({bound for bound in bounds if 0 < bound < math.inf})
        assert len(distribution.get("buckets", ())) == (len(bounds) + 1 if bounds else 0)


def assert_labels(attributes: Any, descriptor: Any, series: Any) -> None:
    """See that each series has the values of its attributes, and no others."""
    keys = [label.get("key", "") for label in descriptor.get("label_keys", ())]
    values = dict(zip(keys, series.get("label_values", ()), strict=True))
    assert len(keys) == len(values)
    has_value = {key for key, value in values.items() if value.get("has_value")}
    assert {key for key, value in attributes.items() if value is not None} - OURS == has_value - OURS


@given(batches())
@settings(suppress_health_check=_SLOW, max_examples=20, deadline=None)
def test_halves_hold_what_the_whole_held(spans):
    """Each span is in one of the two, in order, the counts are true, and both say whose they are."""
    whole = encode_spans(spans)
    halves = halved("spans", whole)
    if len(spans) == 1:
        assert [] == halves
        return
    parts = [decode_spans(body) for body, _ in halves]
    assert [len(spans) // 2, len(spans) - len(spans) // 2] == [count for _, count in halves]
    assert [len(part["spans"]) for part in parts] == [count for _, count in halves]
    all_of_it = decode_spans(whole)
    assert repr(all_of_it["spans"]) == repr([span for part in parts for span in part["spans"]])
    for part in parts:
        assert (all_of_it["node"], all_of_it.get("resource")) == (part["node"], part.get("resource"))


@given(metric_batches())
@settings(suppress_health_check=_SLOW, max_examples=20, deadline=None)
def test_halves_of_metrics_are_counted_by_their_points(metrics):
    """So that an account is about points, as for every other exporter."""
    whole = encode_metrics(metrics)
    told = decode_metrics(whole).get("metrics", [])
    points = [len(metric["timeseries"]) for metric in told]
    middle = len(points) // 2
    expected = [sum(points[:middle]), sum(points[middle:])] if len(points) > 1 else []
    assert expected == [count for _, count in halved("metrics", whole)]
