"""What midspan gives to those who test: a pipeline for a block, a memory, a clock, spans."""

from __future__ import annotations

import pytest

from midspan import _trouble, context, metrics, sdk, testing, trace
from midspan.testing import FakeClock, MemoryExporter


def test_a_pipeline_lasts_for_a_block():
    """In the block spans are kept; after it nothing is configured, and what was made can still be read."""
    tracer = trace.get_tracer("t")
    with testing.pipeline() as memory:
        tracer.start_span("inside").end()
        inside = sdk.get_pipeline()
    tracer.start_span("outside").end()
    assert (["inside"], True, None) == (
        [span.name for span in memory.spans],
        inside is not None,
        sdk.get_pipeline(),
    )


def test_it_takes_what_configure_takes():
    """Sampler, clock, service, and exporters beside the memory."""
    other = MemoryExporter()
    clock = FakeClock(date_ns=5)
    with testing.pipeline(
        service_name="shop", clock=clock, exporters=[other], detectors=["process"]
    ) as memory:
        trace.get_tracer("t").start_span("s").end()
    span = memory.spans[0]
    assert (5, "shop", [span]) == (span.start_ns, span.resource.attributes["service.name"], other.spans)
    assert "process.pid" in span.resource.attributes


def test_it_is_strict(memory):
    """What midspan would log is raised, unless told otherwise."""
    with testing.pipeline():
        span = trace.get_tracer("t").start_span("s")
        span.end()
        with pytest.raises(RuntimeError, match="ended span"):
            span.set_attribute("late", 1)
    with testing.pipeline(strict=False):
        span.set_attribute("late", 1)
        assert 1 == _trouble.counts()["span.used_after_end"]


def test_it_reads_no_variables(monkeypatch):
    """Those of whoever runs the tests do not matter."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "somebody's")
    with testing.pipeline() as memory:
        trace.get_tracer("t").start_span("s").end()
    assert 1 == len(memory.spans)
    assert memory.spans[0].resource.attributes["service.name"].startswith("unknown_service")


def test_it_stands_alone(tracer):
    """What is current outside is not so in the block, and is again after it."""
    with tracer.start_as_current_span("outside") as outside:
        with testing.pipeline():
            assert trace.get_tracer("t").start_span("s").parent is None
        assert trace.get_current_span() is outside


def test_it_ends_with_an_exception_too():
    """The exception goes on, and everything is reset."""

    def block() -> None:
        with testing.pipeline():
            context.attach(context.EMPTY.with_baggage({"left": "behind"}))
            raise LookupError

    with pytest.raises(LookupError):
        block()
    assert sdk.get_pipeline() is None


def test_what_cannot_be_configured_leaves_nothing():
    """An error in the arguments is raised as by `configure`."""
    with pytest.raises(sdk.ConfigurationError), testing.pipeline(sampler="nonsense"):
        pytest.fail("not reached")
    assert sdk.get_pipeline() is None


def test_a_memory_keeps_and_forgets():
    """Spans and metrics are in lists; `clear` empties them; a shutdown does not."""
    memory = MemoryExporter()
    memory.export_spans(["span"])
    memory.export_metrics(["metric"])
    memory.shutdown(1)
    shown = repr(memory)
    assert (["span"], ["metric"]) == (memory.spans, memory.metrics)
    memory.clear()
    assert ([], [], "MemoryExporter(1 spans, 1 metrics)") == (memory.spans, memory.metrics, shown)


def test_a_clock_stands_still_until_it_is_moved():
    """`advance` moves both times, `step` the date alone."""
    clock = FakeClock(date_ns=1000)
    before = clock.monotonic_ns(), clock.time_ns()
    clock.advance(1.5)
    clock.advance(ns=7)
    clock.step(-1)
    assert ((0, 1000), 1_500_000_007, 500_001_007) == (before, clock.monotonic_ns(), clock.time_ns())


def test_finished_spans_are_ready_for_an_exporter():
    """They have ended, and hold a little of everything."""
    one, other = testing.finished_spans("one", "other")
    assert (["one", "other"], True) == ([one.name, other.name], one.end_ns >= one.start_ns)
    assert (1, 1, 1, False) == (len(one.events), len(one.links), len(one.attributes), one.is_recording())
    assert one.context.trace_id != other.context.trace_id


def test_odd_spans_hold_what_midspan_lets_through():
    """Deep, long, empty and undecodable values among them."""
    by_name = {span.name: span for span in testing.odd_spans()}
    assert {"plain", "odd", "deep", ""} == set(by_name)
    assert {"surrogate", "numbers", "mixed", "long"} <= set(by_name["odd"].attributes)
    assert sdk.get_pipeline() is None


def test_a_memory_shows_metrics_as_they_are():
    """Without a flush, each time that it is asked; after the end, as they were then."""
    counter = metrics.get_meter("kit").create_counter("kit.shown")

    def shown(memory):
        return [m.points[0].value for m in memory.metrics if m.name == "kit.shown"]

    with testing.pipeline() as memory:
        counter.add(2)
        before = shown(memory)
        counter.add(3)
        assert sdk.get_pipeline().force_flush(5)
        assert ([2], [5]) == (before, shown(memory))
        counter.add(1)
    assert [6] == shown(memory)


def test_a_cleared_memory_counts_from_nothing():
    """Bound instruments too."""
    counter = metrics.get_meter("kit").create_counter("kit.cleared")
    with testing.pipeline() as memory:
        counter.add(2)
        memory.clear()
        assert [] == [metric for metric in memory.metrics if metric.name == "kit.cleared"]
        bound = counter.bind({"a": 1})
        bound.add(3)
        memory.clear()
        bound.add(4)
        (metric,) = [metric for metric in memory.metrics if metric.name == "kit.cleared"]
        assert [4] == [point.value for point in metric.points]


def test_a_memory_goes_on_to_the_next_pipeline():
    """What the first told at its end stays; what the second counts is shown beside it."""
    counter = metrics.get_meter("kit").create_counter("kit.next")
    memory = MemoryExporter()
    for amount in (1, 2):
        sdk.configure(exporters=[memory], environment={}, detectors=[])
        counter.add(amount)
    assert [1, 2] == [m.points[0].value for m in memory.metrics if m.name == "kit.next"]


def test_finished_metrics_are_of_every_kind():
    """One after the other, with exemplars where there can be any."""
    given = testing.finished_metrics("a", "b", "c", "d", "e")
    assert set(metrics.MetricKind) == {metric.kind for metric in given}
    assert 4 == sum(1 for metric in given if getattr(metric.points[0], "exemplars", ()))


def test_odd_metrics_hold_what_midspan_lets_through():
    """Extreme numbers, empty names and odd attributes among them."""
    by_name = {metric.name: metric for metric in testing.odd_metrics()}
    assert {"numbers", "attributes", ""} <= set(by_name)
    assert {2**63 - 1, -(2**63)} <= {point.value for point in by_name["numbers"].points}
