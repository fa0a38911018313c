"""What holds for all samplers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from midspan import context, sdk, testing, trace
from midspan.sdk._jaeger_strategies import strategy_of
from midspan.sdk.sampling import (
    AlwaysRecord,
    ParentBased,
    RateLimiting,
    SamplingRequest,
    Situation,
    TraceIdRatio,
    always_off,
    always_on,
    threshold_of,
)

ratios = st.floats(min_value=0, max_value=1)
trace_ids = st.integers(min_value=1, max_value=(1 << 128) - 1)
parents = st.builds(
    trace.SpanContext,
    trace_ids,
    st.integers(min_value=1, max_value=(1 << 64) - 1),
    st.sampled_from([0, 1, 2, 3]),
    st.just(trace.TraceState()),
    is_remote=st.booleans(),
    is_debug=st.just(False),
)
simple = st.sampled_from([always_on, always_off]) | ratios.map(TraceIdRatio)
samplers = st.recursive(
    simple, lambda inner: st.builds(ParentBased, inner) | st.builds(AlwaysRecord, inner), max_leaves=3
)


def request(trace_id: int, parent: trace.SpanContext | None = None) -> SamplingRequest:
    """Return what a sampler is asked."""
    return SamplingRequest(context.EMPTY, parent, trace_id, "op", trace.SpanKind.INTERNAL, {}, ())


@given(ratios, ratios, trace_ids)
def test_a_larger_ratio_samples_what_a_smaller_one_does(one, other, trace_id):
    """Services with different ratios keep the traces that the strictest keeps."""
    small, large = sorted((one, other))
    assert TraceIdRatio(small)(request(trace_id)).decision <= TraceIdRatio(large)(request(trace_id)).decision


@given(samplers, trace_ids, st.none() | parents)
def test_what_is_answered_ahead_is_what_would_be_answered(sampler, trace_id, parent):
    """A threshold and the sampler itself never disagree."""
    threshold = threshold_of(sampler, Situation.of(parent))
    sampled = bool(sampler(request(trace_id, parent)).decision)
    assert threshold is None or sampled is (trace_id & (1 << 64) - 1 < threshold)


@given(samplers, parents)
def test_under_parent_based_a_child_does_as_its_parent(sampler, parent):
    """Whatever the root sampler, and whatever the trace id."""
    assert parent.is_sampled is bool(ParentBased(sampler)(request(1, parent)).decision)


@given(samplers, trace_ids, st.none() | parents)
def test_always_record_drops_nothing(sampler, trace_id, parent):
    """It never says no, and yes only where the other sampler does."""
    asked = request(trace_id, parent)
    before, after = sampler(asked).decision, AlwaysRecord(sampler)(asked).decision
    assert (True, before == 2) == (after > 0, after == 2)


@settings(max_examples=50)  # each configures
@given(samplers, st.none() | parents, st.tuples(trace_ids, st.integers(min_value=1, max_value=(1 << 64) - 1)))
def test_a_span_is_recorded_as_its_sampler_says(sampler, parent, ids):
    """The tracer's short cuts change no decision: with the ids given, the span is what the sampler says."""
    sdk.configure(exporters=[], sampler=sampler, environment={}, detectors=[])
    span = trace.get_tracer("t").start_span("s", parent=parent, ids=ids)
    decision = sampler(request(ids[0], parent)).decision
    assert (decision > 0, decision == 2) == (span.is_recording(), span.context.is_sampled)
    assert ids == span.context[:2]


@given(st.floats(min_value=0.01, max_value=50), st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_a_rate_is_never_exceeded(rate, pauses):
    """Over any time, no more are let through than the burst and what the time brought."""
    clock = testing.FakeClock()
    limit = RateLimiting(rate, clock_s=lambda: clock.monotonic_ns() / 1e9)
    let_through = 0
    for pause in pauses:
        clock.advance(pause)
        let_through += limit.allows()
    assert let_through <= max(rate, 1) + rate * clock.monotonic_ns() / 1e9 + 1e-6


numbers = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.text(max_size=3)
names = st.sampled_from(
    [
        "strategyType",
        "probabilisticSampling",
        "rateLimitingSampling",
        "operationSampling",
        "samplingRate",
        "maxTracesPerSecond",
        "defaultSamplingProbability",
        "defaultLowerBoundTracesPerSecond",
        "perOperationStrategies",
        "operation",
    ]
)
answers = st.recursive(
    numbers | st.sampled_from(["PROBABILISTIC", "RATE_LIMITING"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)


@given(answers, trace_ids)
def test_whatever_a_jaeger_agent_answers_is_a_strategy_or_an_error(answer, trace_id):
    """Anything may come over the network: what is accepted can be asked about every span."""
    try:
        strategy = strategy_of(answer, lambda: 0.0)
    except ValueError:
        return
    for parent in (None, trace.SpanContext(1, 1, 1)):
        assert strategy(request(trace_id, parent)).decision in (0, 2)
