"""What becomes a message, under which key, and how messages lie in a body."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporters.tests._oracle import decode
from exporters.tests._strategies import batches
from exporters.tests.kafka._spans import one_each, one_trace
from midspan import testing
from midspan.exporters.kafka._frames import Frame, join, split
from midspan.exporters.kafka._messages import metric_frames, span_frames
from midspan.exporters.kafka._receipts import Receipts
from midspan.exporters.otlp import encode_spans
from midspan.resource import Resource

ROOMY = 1_000_000
frames = st.builds(Frame, st.binary(max_size=32), st.integers(0, 2**32 - 1), st.binary())


@given(st.lists(frames))
def test_a_body_gives_back_its_messages(messages):
    """Keys, counts and bytes, in their order."""
    assert messages == list(split(join(messages)))


@settings(max_examples=40)
@given(batches())
def test_a_message_holds_all_spans_of_one_trace(spans):
    """Each span once, under the digits of the trace's id, and counted."""
    expected: dict[bytes, list[bytes]] = {}
    for span in spans:
        key = f"{span.context.trace_id:032x}".encode()
        expected.setdefault(key, []).append(span.context.span_id.to_bytes(8, "big"))
    parts = list(span_frames(spans, "trace_id", ROOMY))
    messages = {part.key: [each.span for each in decode(part.message)] for part in parts}
    # Within a message spans are grouped by resource and scope, whatever their order was.
    assert {key: sorted(ids) for key, ids in expected.items()} == {
        key: sorted(message.span_id for message in group) for key, group in messages.items()
    }
    assert all(each.trace_id.hex().encode() == key for key, group in messages.items() for each in group)
    assert [len(ids) for ids in expected.values()] == [part.items for part in parts]


def test_without_a_key_a_batch_is_one_message():
    """As the Collector's exporter does by default."""
    (frame,) = span_frames(one_each("a", "b", "c"), "none", ROOMY)
    assert (b"", 3, ["a", "b", "c"]) == (
        frame.key,
        frame.items,
        [each.span.name for each in decode(frame.message)],
    )


def test_a_trace_that_is_longer_than_a_message_becomes_several():
    """Of one key, in order, each within the limit."""
    named = [f"{number}" for number in range(20)]
    spans = one_trace(*named)
    limit = max(len(encode_spans([span])) for span in spans) * 2
    parts = list(span_frames(spans, "trace_id", limit))
    assert 1 < len(parts) < 20
    assert ({b"%032x" % 0xABC}, True) == (
        {part.key for part in parts},
        all(len(part.message) <= limit for part in parts),
    )
    assert named == [each.span.name for part in parts for each in decode(part.message)]


def test_a_span_that_is_longer_than_a_message_costs_itself():
    """It stays alone in a message, which the pipeline finds too large; its neighbours have others."""
    spans = one_trace("a", "b" * 1000, "c")
    limit = len(encode_spans(spans[:1])) + 500
    assert [False, True, False] == [
        len(part.message) > limit for part in span_frames(spans, "trace_id", limit)
    ]


def test_what_is_no_span_costs_itself(troubles):
    """It has no trace; the encoder says so, and the spans beside it are sent."""
    spans = one_each("a")
    (good, odd) = span_frames([*spans, object()], "trace_id", ROOMY)
    assert (["a"], b"", b"") == ([each.span.name for each in decode(good.message)], odd.key, odd.message)
    assert {"encoding.no_span": 1} == troubles()


def names_of(frame):
    """Return the names of the metrics of a message."""
    return [
        metric.name
        for of_resource in ExportMetricsServiceRequest.FromString(frame.message).resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
    ]


def test_metrics_are_keyed_by_what_their_resource_says():
    """Equal resources share a key and a message, whichever objects they are; others do not."""
    metric = testing.finished_metrics("m")[0]
    here, same, there = (
        metric._replace(name=name, resource=Resource(attributes))
        for name, attributes in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1}), ("c", {"x": 2}))
    )
    first, second = metric_frames([here, same, there], "resource", ROOMY)
    assert ({"a", "b"}, ["c"]) == (set(names_of(first)), names_of(second))
    assert first.key != second.key
    assert first.key == next(iter(metric_frames([same], "resource", ROOMY))).key


def test_metrics_without_a_key_are_one_message():
    """Whatever their resources are."""
    metric = testing.finished_metrics("m")[0]
    (frame,) = metric_frames([metric, metric._replace(resource=Resource({"x": 1}))], "none", ROOMY)
    assert (b"", 2) == (frame.key, len(names_of(frame)))


def test_a_metric_of_many_points_becomes_several_messages():
    """It is cut between its points, of which none is lost."""
    metric = testing.finished_metrics("m")[0]
    many = metric._replace(points=metric.points * 64)
    size = len(next(iter(metric_frames([metric], "none", ROOMY))).message)
    parts = list(metric_frames([many], "none", 4 * size))
    assert len(parts) > 1
    assert len(many.points) == sum(part.items for part in parts)


@pytest.mark.parametrize("bodies", [1, 64, 65, 200])
def test_receipts_are_bounded(bodies):
    """The last 64 bodies are remembered."""
    receipts = Receipts()
    for number in range(bodies):
        receipts.keep(b"%d" % number, [number])
    known = [number for number in range(bodies) if receipts.of(b"%d" % number) == {number}]
    assert list(range(max(0, bodies - 64), bodies)) == known


def test_many_metrics_become_several_messages():
    """A metric that is longer than a message by itself stays alone in one."""
    metric = testing.finished_metrics("m")[0]._replace(resource=Resource({}))
    metric = metric._replace(points=metric.points[:1])
    named = [metric._replace(name=name) for name in ("a", "b" * 1000, "c")]
    limit = len(next(iter(metric_frames([metric], "resource", ROOMY))).message) + 500
    parts = list(metric_frames(named, "resource", limit))
    assert [["a"], ["b" * 1000], ["c"]] == [names_of(part) for part in parts]
    assert [False, True, False] == [len(part.message) > limit for part in parts]


def test_metrics_of_an_odd_resource_have_no_key():
    """What a foreign source gives may be anything; its points are sent all the same."""
    metric = testing.finished_metrics("m")[0]._replace(resource=object())
    (frame,) = metric_frames([metric], "resource", ROOMY)
    assert (b"", ["m"]) == (frame.key, names_of(frame))
