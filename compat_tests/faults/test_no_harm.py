"""Nothing that midspan is given, and nothing that fails in it, reaches the application as an exception."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from compat_tests.faults._odd import ERRORS, ODD
from compat_tests.faults.scenarios.harmless import PARTS, _harm, _raise, _returning
from compat_tests.faults.sides import ours
from compat_tests.faults.sides._verbs_of_ours import VERBS
from midspan import baggage, context, sdk, testing, trace
from midspan.exporters.otlp import encode_metrics, encode_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACER = trace.get_tracer("faults")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    sdk.reset()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_whatever_it_is_given(verb):
    """No odd value makes the verb raise, leaves a span current, or spoils the payload that it ends up in."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    raised = []
    for name, make in ODD.items():
        try:
            VERBS[verb](make())
        except Exception as error:
            raised.append((name, error))
    assert not raised
    assert context.current().span is None
    for span in memory.spans:
        ExportTraceServiceRequest.FromString(encode_spans([span]))
    for metric in memory.metrics:
        ExportMetricsServiceRequest.FromString(encode_metrics([metric]))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_raises_harms_nobody(part):
    """The block runs, whatever part of the pipeline fails."""
    assert _harm(ours, part, _raise) == 0


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_returns_what_is_odd_harms_nobody(part):
    """The block runs, whatever a part of the pipeline returns."""
    assert [name for name, make in ODD.items() if _harm(ours, part, _returning(make))] == []


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize(
    "block",
    [
        lambda: TRACER.start_as_current_span("work"),
        lambda: TRACER.start_span("work"),
        lambda: trace.use_span(TRACER.start_span("work"), end_on_exit=True),
    ],
    ids=["start_as_current_span", "start_span", "use_span"],
)
def test_the_applications_exception_goes_on_unchanged(name, block):
    """It is the very same on the outside, even if its `__str__` raises; the span has ended."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    error = ERRORS[name]()
    caught: Any = None
    try:
        with block():
            raise error  # noqa: TRY301 - what is caught is what is tested
    except BaseException as other:
        caught = other
    assert caught is error
    assert [span.name for span in memory.spans] == ["work"]


def test_spans_have_ids_though_the_generator_raises():
    """Random ids take the place of those that could not be had, and it is counted."""

    class Ids:
        def trace_id(self) -> int:
            raise ValueError("no")

        def span_id(self) -> int:
            return 1 << 64

    memory = testing.MemoryExporter()
    pipeline = sdk.configure(exporters=[memory], ids=Ids())
    TRACER.start_span("work").end()
    (span,) = memory.spans
    assert 0 < span.context.trace_id < 1 << 128
    assert 0 < span.context.span_id < 1 << 64
    assert pipeline.stats().troubles == {"ids.failed": 2}


def test_ids_of_the_applications_own_generator_are_used():
    """What is an id is taken as it comes."""

    class Ids:
        is_random = True

        def trace_id(self) -> int:
            return 5

        def span_id(self) -> int:
            return 6

    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], ids=Ids())
    TRACER.start_span("work").end()
    assert (memory.spans[0].context.trace_id, memory.spans[0].context.span_id) == (5, 6)
    assert memory.spans[0].context.trace_flags == trace.TraceFlags.SAMPLED | trace.TraceFlags.RANDOM


def test_what_is_no_id_generator_is_refused_where_it_is_written():
    """The message says what is missing."""
    with pytest.raises(TypeError, match="trace_id"):
        sdk.configure(exporters=[], ids=object())


def test_what_is_no_clock_is_refused_where_it_is_written():
    """The message says what is missing."""
    with pytest.raises(TypeError, match="monotonic_ns"):
        sdk.configure(exporters=[], clock=object())


def test_spans_have_times_though_the_clock_raises():
    """The machine's clock takes the place of one that fails, and it is counted."""

    class Clock:
        def monotonic_ns(self) -> int:
            raise ValueError("no")

        time_ns = monotonic_ns

    memory = testing.MemoryExporter()
    pipeline = sdk.configure(exporters=[memory], clock=Clock())
    before_ns = time.time_ns()
    TRACER.start_span("work").end()
    (span,) = memory.spans
    assert abs(span.start_ns - before_ns) < 10**9
    assert span.start_ns <= span.end_ns
    assert pipeline.stats().troubles["clock.failed"] >= 2


def test_a_sampler_whose_threshold_raises_is_asked_each_time():
    """A failure ahead of time does not decide for later."""

    class Sampler:
        def __call__(self, request: object) -> sdk.sampling.SamplingResult:
            return sdk.sampling.DROP

        def threshold(self, situation: object) -> int:
            raise ValueError("no")

    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], sampler=Sampler())
    TRACER.start_span("work").end()
    assert memory.spans == []


def test_what_is_no_span_leaves_the_trace_as_it_was():
    """`use_span` of something else: what is started in the block goes on with the current trace."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    with TRACER.start_as_current_span("outer") as outer, trace.use_span(None), TRACER.start_span("inner"):
        pass
    assert outer.end_ns is not None
    inner = memory.spans[0]
    assert inner.parent.span_id == outer.context.span_id


def test_what_is_no_context_leaves_the_current_one():
    """`attach` of something else changes nothing, and its token may be given back."""
    with context.attached(baggage.set_baggage("tenant", "acme")):
        token = context.attach("no context")
        assert baggage.get_baggage("tenant") == "acme"
        context.detach(token)
        assert baggage.get_baggage("tenant") == "acme"
    assert baggage.get_baggage("tenant") is None


def test_baggage_is_text():
    """Names and values of other types become their text; what is unreadable is left out."""
    with (
        context.attached(baggage.set_baggage(5, 7)),
        baggage.attached({"a": 1}),
        baggage.attached("no mapping"),
    ):
        assert baggage.get_all() == {"5": "7", "a": "1"}
        assert baggage.get_baggage(5) == "7"
        assert baggage.get_all(baggage.remove_baggage(5)) == {"a": "1"}


def test_a_tracer_may_be_named_by_anything():
    """Its scope is text, and attributes that no scope can hold become text."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory])
    attributes = {"plain": 1, "list": [1, 2], "nested": [{"a": 1}], "mapping": {"a": 1}}
    trace.get_tracer(5, None, b"x", attributes).start_span("work").end()
    scope = memory.spans[0].scope
    assert (scope.name, scope.version, scope.schema_url) == ("5", "", "x")
    assert dict(scope.attributes) == {
        "plain": 1,
        "list": (1, 2),
        "nested": "({'a': 1},)",
        "mapping": "{'a': 1}",
    }
