"""What becomes of a request that is too large: smaller ones, in which nothing is missing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from exporters.tests._metric_strategies import metric_batches
from exporters.tests.prometheus._write_oracle import decode, samples_of
from midspan.exporters.prometheus import RemoteWriteExporter, encode_write_request
from midspan.exporters.prometheus._halving import halve_write_request
from midspan.metrics import HistogramPoint, Metric, MetricKind, NumberPoint
from midspan.resource import Resource
from midspan.trace import InstrumentationScope

SHOP = Resource({"service.name": "shop", "host.id": 7})


def metric(kind, name, *points, resource=SHOP, **more) -> Metric:
    """Return a metric of the shop's."""
    return Metric(name, "", f"all of {name}", InstrumentationScope("shop"), resource, kind, points, **more)


def counter(name, *numbers, **more) -> Metric:
    """Return a counter with a point for each number."""
    points = [NumberPoint({"n": number}, 1, 2, number) for number in numbers]
    return metric(MetricKind.SUM, name, *points, is_monotonic=True, **more)


def told(payload: bytes) -> tuple[dict, set]:
    """Return the samples of a request, and the families of which it has metadata."""
    request = decode(payload)
    return samples_of(request), {described.metric_family_name for described in request.metadata}


def names_in(payload: bytes) -> list[str]:
    """Return the names of all series, in order."""
    return [dict(labels)["__name__"] for labels in told(payload)[0]]


def test_halves_are_the_whole():
    """Each has its own metadata; what says where all comes from goes with the last of its resource."""
    stock = Resource({"service.name": "stock", "host.id": 8})
    whole = encode_write_request([counter("a", 1, 2, 3), counter("b", 4), counter("c", 5, resource=stock)])
    (first, one), (second, two) = halve_write_request(whole)
    assert (2, 3) == (one, two)
    assert ["a_total", "a_total"] == names_in(first)
    assert ["a_total", "b_total", "target_info", "c_total", "target_info"] == names_in(second)
    assert ({"a_total"}, {"a_total", "b_total", "c_total"}) == (told(first)[1], told(second)[1])
    assert told(whole)[0] == {**told(first)[0], **told(second)[0]}


def test_the_buckets_of_a_point_stay_together():
    """With their sum and count: half a histogram would tell of values that there never were."""
    points = [HistogramPoint({"n": n}, 1, 2, 3, 1.5, (1, 2), (1.0,)) for n in range(2)]
    whole = encode_write_request([metric(MetricKind.HISTOGRAM, "h", *points)], target_info=False)
    all_of_it = ["h_bucket", "h_bucket", "h_sum", "h_count"]
    assert [(all_of_it, 1)] * 2 == [(names_in(half), count) for half, count in halve_write_request(whole)]


def test_a_point_alone_cannot_be_cut():
    """It is for the pipeline to count what is lost."""
    point = HistogramPoint({}, 1, 2, 3, 1.5, (1, 2), (1.0,))
    assert [] == halve_write_request(encode_write_request([metric(MetricKind.HISTOGRAM, "h", point)]))


def test_what_is_no_request_is_refused():
    """By an error, which the pipeline counts."""
    with pytest.raises(ValueError, match="cut short"):
        halve_write_request(b"\x0a\xff")


def test_an_exporter_halves_what_it_has_packed():
    """In the format in which it is sent."""
    exporter = RemoteWriteExporter(environment={})
    body = exporter.pack("metrics", encode_write_request([counter("a", 1, 2)], target_info=False))
    halves = exporter.halve("metrics", body)
    assert [1, 1] == [count for _, count in halves]
    assert ["a_total"] == names_in(bytes(exporter._decompress(halves[1][0])))


# Each example is decoded as often as it is cut.
@settings(max_examples=40)
@given(batch=metric_batches())
def test_nothing_is_lost_however_often_a_request_is_cut(batch):
    """Down to single points: together they hold all samples of the whole, with the same metadata."""
    whole = encode_write_request([each._replace(resource=SHOP) for each in batch])
    pieces, waiting = [], halve_write_request(whole) or [(whole, 1)]
    while waiting:
        piece, count = waiting.pop()
        halves = halve_write_request(piece)
        assert count == (sum(number for _, number in halves) if halves else 1)
        waiting += halves
        pieces += [] if halves else [piece]
    samples: dict = {}
    for piece in pieces:
        found, described = told(piece)
        assert not samples.keys() & found.keys()
        samples |= found
        assert described <= told(whole)[1]
    # By what they look like: a NaN is not equal to itself.
    assert sorted(map(repr, told(whole)[0].items())) == sorted(map(repr, samples.items()))
