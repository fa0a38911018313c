"""Samplers: which spans are recorded, and that a broken sampler harms nobody."""

from __future__ import annotations

import threading

import pytest

from midspan import _trouble, context, sdk, testing, trace
from midspan.sdk import sampling
from midspan.sdk.sampling import (
    ALWAYS,
    DROP,
    RECORD,
    SAMPLE,
    AlwaysRecord,
    Decision,
    ParentBased,
    RateLimiting,
    Rule,
    Rules,
    SamplingRequest,
    SamplingResult,
    Situation,
    TraceIdRatio,
    always_off,
    always_on,
    threshold_of,
)
from midspan.trace import SpanContext, SpanKind, TraceState

HALF = 1 << 63
PARENTS = {
    Situation.LOCAL_UNSAMPLED: SpanContext(1, 1, 0),
    Situation.LOCAL_SAMPLED: SpanContext(1, 1, 1),
    Situation.REMOTE_UNSAMPLED: SpanContext(1, 1, 0, is_remote=True),
    Situation.REMOTE_SAMPLED: SpanContext(1, 1, 1, is_remote=True),
}


def request(
    name: str = "op", *, trace_id: int = 1, parent: SpanContext | None = None, **fields
) -> SamplingRequest:
    """Return what a sampler is asked."""
    kind = fields.get("kind", SpanKind.INTERNAL)
    return SamplingRequest(context.EMPTY, parent, trace_id, name, kind, fields.get("attributes", {}), ())


def tracer_with(sampler, memory=None, **settings) -> trace.Tracer:
    """Return a tracer of a pipeline with this sampler."""
    exporters = [memory or testing.MemoryExporter()]
    sdk.configure(exporters=exporters, sampler=sampler, environment={}, detectors=[], **settings)
    return trace.get_tracer("t")


def counting(result: object = SAMPLE):
    """Return a sampler that keeps what it is asked."""

    def sampler(request: SamplingRequest) -> object:
        sampler.asked.append(request)
        return result

    sampler.asked = []
    return sampler


@pytest.mark.parametrize(("sampler", "kept"), [(always_on, ["s"]), (always_off, [])])
def test_the_constants(memory, sampler, kept):
    """`always_on` samples all, `always_off` nothing."""
    tracer_with(sampler, memory).start_span("s").end()
    assert kept == [span.name for span in memory.spans]


@pytest.mark.parametrize(
    ("ratio", "trace_id", "sampled"),
    [
        (0.0, 0, False),
        (0.5, HALF - 1, True),
        (0.5, HALF, False),
        (0.5, (7 << 64) + HALF - 1, True),
        (0.5, (7 << 64) + HALF, False),
        (1.0, (1 << 128) - 1, True),
    ],
)
def test_a_ratio_goes_by_the_lower_64_bits(ratio, trace_id, sampled):
    """The same traces are chosen by every service, asked or known ahead."""
    sampler = TraceIdRatio(ratio)
    ahead = (trace_id & (1 << 64) - 1) < threshold_of(sampler, Situation.ROOT)
    assert sampled is bool(sampler(request(trace_id=trace_id)).decision) is ahead


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_a_ratio_is_from_0_to_1(ratio):
    """Anything else is refused where it is written."""
    with pytest.raises(ValueError, match=r"from 0\.0 to 1\.0"):
        TraceIdRatio(ratio)


@pytest.mark.parametrize("situation", list(Situation))
def test_each_kind_of_parent_has_its_sampler(situation):
    """`ParentBased` asks the sampler for the situation, and no other."""
    samplers = {each: counting() for each in Situation}
    sampler = ParentBased(
        samplers[Situation.ROOT],
        local_parent_not_sampled=samplers[Situation.LOCAL_UNSAMPLED],
        local_parent_sampled=samplers[Situation.LOCAL_SAMPLED],
        remote_parent_not_sampled=samplers[Situation.REMOTE_UNSAMPLED],
        remote_parent_sampled=samplers[Situation.REMOTE_SAMPLED],
    )
    sampler(request(parent=PARENTS.get(situation)))
    assert [situation] == [each for each in Situation if samplers[each].asked]


def test_a_parent_without_ids_is_none():
    """An invalid context makes a root."""
    assert Situation.ROOT is Situation.of(SpanContext(0, 0, 1))


@pytest.mark.parametrize(("situation", "sampled"), [(each, "UNSAMPLED" not in each.name) for each in PARENTS])
def test_by_default_children_do_as_their_parent(memory, situation, sampled):
    """Under `parentbased_...` the caller's decision holds, local or remote."""
    tracer_with("parentbased_always_off", memory).start_span("s", parent=PARENTS[situation]).end()
    assert sampled is bool(memory.spans)


def test_a_span_that_is_not_sampled_carries_the_trace_on(memory):
    """Its children are not sampled either, and all of them share its trace id."""
    tracer = tracer_with("parentbased_always_off", memory)
    with tracer.start_as_current_span("outer") as outer, tracer.start_as_current_span("inner") as inner:
        contexts = outer.context, inner.context
    assert ([], 1, {0x02}) == (
        memory.spans,
        len({each.trace_id for each in contexts}),
        {each.trace_flags for each in contexts},
    )
    assert contexts[0].span_id != contexts[1].span_id


def test_an_unsampled_root_has_one_identity(memory):
    """Its ids are made when they are asked for, once, whoever asks."""
    span = tracer_with("always_off").start_span("s")
    assert (span.context, span._trace_id, span._span_id) == (
        span.context,
        span.context.trace_id,
        span.context.span_id,
    )
    assert (True, f"NonRecordingSpan({span.context.trace_id:032x}-{span.context.span_id:016x})") == (
        span.context.is_valid,
        repr(span),
    )


def test_threads_that_ask_for_an_unsampled_root_agree():
    """Two threads that ask for the identity in the same moment get the same."""

    class Ids(sdk.ids.RandomIds):
        """Lets another thread ask while the first one makes an id."""

        nested = False

        def trace_id(self) -> int:
            if not self.nested:
                Ids.nested = True
                thread = threading.Thread(target=lambda: seen.append(span.context))
                thread.start()
                thread.join()
            return super().trace_id()

    seen = []
    span = tracer_with("always_off", ids=Ids()).start_span("s")
    assert [span.context] == seen


def test_a_rate_is_kept(clock):
    """So many a second are let through, with a burst of as many; what is saved up is bounded by that."""
    limit = RateLimiting(2, clock_s=lambda: clock.monotonic_ns() / 1e9)
    taken = [limit.allows() for _ in range(3)]
    clock.advance(0.5)
    taken += [limit.allows() for _ in range(2)]
    clock.advance(3600)
    taken += [limit.allows() for _ in range(3)]
    assert [True, True, False, True, False, True, True, False] == taken


@pytest.mark.parametrize(("rate", "let_through"), [(0, 0), (0.5, 1), (5, 5), (float("inf"), 100)])
def test_a_burst_is_at_least_one(clock, rate, let_through):
    """A rate below one a second lets one through at first; a rate of 0 none, an infinite one all."""
    limit = RateLimiting(rate, clock_s=lambda: clock.monotonic_ns() / 1e9)
    assert let_through == sum(bool(limit(request()).decision) for _ in range(100))


@pytest.mark.parametrize("rate", [-1, float("nan")])
def test_a_rate_is_0_or_more(rate):
    """Anything else is refused where it is written."""
    with pytest.raises(ValueError, match="0 or more"):
        RateLimiting(rate)


def test_a_rate_by_name_goes_by_the_pipelines_clock(memory, clock):
    """`ratelimiting:1` under a fake clock needs no sleep to be tested."""
    tracer = tracer_with("ratelimiting:1", memory, clock=clock)
    for _ in range(3):
        tracer.start_span("s").end()
    clock.advance(1)
    tracer.start_span("s").end()
    assert 2 == len(memory.spans)


@pytest.mark.parametrize(
    ("rule", "asked", "matches"),
    [
        (Rule(always_off), request(), True),
        (Rule(always_off, name="GET *"), request("GET /health"), True),
        (Rule(always_off, name="GET *"), request("POST /"), False),
        (Rule(always_off, kind=SpanKind.SERVER), request(kind=SpanKind.SERVER), True),
        (Rule(always_off, kind=SpanKind.SERVER), request(kind=SpanKind.CLIENT), False),
        (Rule(always_off, attributes={"url": "*/health"}), request(attributes={"url": "/x/health"}), True),
        (Rule(always_off, attributes={"url": "*/health"}), request(attributes={"url": "/"}), False),
        (Rule(always_off, attributes={"port": 80}), request(attributes={"port": 80}), True),
        (Rule(always_off, attributes={"port": 80}), request(attributes={"port": 81}), False),
        (Rule(always_off, attributes={"port": 80}), request(), False),
        (Rule(always_off, attributes={"port": None}), request(), False),
        (Rule(always_off, name="a", attributes={"port": 80}), request("a", attributes={"port": 81}), False),
    ],
)
def test_a_rule_matches_if_all_of_it_does(rule, asked, matches):
    """Name and text are shell patterns; other values must be equal."""
    assert matches is rule.matches(asked)


def test_the_first_rule_that_matches_decides(memory):
    """Rules are tried in order; what none matches goes to the default."""
    rules = Rules([Rule(always_off, name="GET /health"), Rule(always_on, name="GET *")], always_off)
    tracer = tracer_with(rules, memory)
    for name in ("GET /health", "GET /cart", "POST /cart"):
        tracer.start_span(name).end()
    assert ["GET /cart"] == [span.name for span in memory.spans]


def test_record_only_is_for_processors(memory):
    """A span that is recorded only reaches the processors, is not exported, nor announced as sampled."""
    seen = []
    tracer = tracer_with(AlwaysRecord(always_off), memory, processors=[seen.append])
    with tracer.start_as_current_span("s", attributes={"a": 1}) as span:
        span.set_attribute("b", 2)
        flags = span.context.trace_flags
    assert ([("s", {"a": 1, "b": 2})], [], 0x02) == (
        [(each.name, each.attributes) for each in seen],
        memory.spans,
        flags,
    )


def test_always_record_leaves_a_yes_alone(memory):
    """What the other sampler samples is exported."""
    tracer_with(AlwaysRecord(always_on), memory).start_span("s").end()
    assert 1 == len(memory.spans)


def test_a_sampler_adds_attributes_and_a_trace_state(memory):
    """What a sampler says beyond yes and no reaches the span, after the caller's attributes."""
    state = TraceState((("vendor", "x"),))
    result = SamplingResult(Decision.RECORD_AND_SAMPLE, {"rule": 7, "a": 2}, state)
    tracer_with(lambda _: result, memory).start_span("s", attributes={"a": 1}).end()
    assert ({"a": 2, "rule": 7}, state) == (memory.spans[0].attributes, memory.spans[0].context.trace_state)


def test_a_no_may_change_the_trace_state():
    """The trace state of a span that is not sampled is the sampler's as well."""
    state = TraceState((("vendor", "x"),))
    span = tracer_with(lambda _: SamplingResult(Decision.DROP, None, state)).start_span("s")
    assert (False, state) == (span.is_recording(), span.context.trace_state)


def test_a_sampler_knows_what_the_caller_gave():
    """Name, kind, attributes, links, parent and the trace id to be are in the request."""
    sampler, link = counting(), trace.Link(SpanContext(3, 4))
    parent = PARENTS[Situation.REMOTE_SAMPLED]
    span = tracer_with(sampler).start_span(
        "s", kind=SpanKind.CLIENT, attributes={"a": 1}, links=[link], parent=parent
    )
    asked = sampler.asked[0]
    assert ("s", SpanKind.CLIENT, {"a": 1}, [link]) == (asked.name, asked.kind, asked.attributes, asked.links)
    assert (parent, span.context.trace_id) == (asked.parent, asked.trace_id)


def test_a_sampler_is_asked_for_roots_too():
    """Without anything given, the request has empty values and no parent."""
    sampler = counting()
    tracer_with(sampler).start_span("s")
    asked = sampler.asked[0]
    assert ({}, (), None) == (dict(asked.attributes), tuple(asked.links), asked.parent)


def raising(request: SamplingRequest) -> SamplingResult:
    """Fail."""
    raise LookupError(request.name)


@pytest.mark.parametrize(
    ("sampler", "cause"),
    [
        (raising, "sampler.raised"),
        (lambda _: None, "sampler.no_result"),
        (lambda _: True, "sampler.no_result"),
        (AlwaysRecord(lambda _: None), "sampler.raised"),
    ],
)
def test_a_broken_sampler_samples(memory, sampler, cause):
    """The span is recorded, the trouble counted, and the `with` body runs."""
    with tracer_with(sampler, memory).start_as_current_span("s"):
        pass
    assert (["s"], 1) == ([span.name for span in memory.spans], _trouble.counts()[cause])


def test_a_method_that_is_called_threshold_by_chance_does_no_harm(memory):
    """A sampler whose `threshold` is something else is asked for each span."""

    class Chance:
        """Has a method with a name of ours."""

        def threshold(self) -> None:
            """Do something else."""

        def __call__(self, request: SamplingRequest) -> SamplingResult:
            return SAMPLE

    tracer_with(Chance(), memory).start_span("s").end()
    assert (1, True) == (len(memory.spans), _trouble.counts()["sampler.raised"] > 0)


@pytest.mark.parametrize(
    ("sampler", "situation", "threshold"),
    [
        (always_on, Situation.ROOT, ALWAYS),
        (always_off, Situation.LOCAL_SAMPLED, 0),
        (TraceIdRatio(0.5), Situation.ROOT, HALF),
        (TraceIdRatio(1.0), Situation.ROOT, ALWAYS),
        (ParentBased(TraceIdRatio(0.5)), Situation.ROOT, HALF),
        (ParentBased(TraceIdRatio(0.5)), Situation.LOCAL_SAMPLED, ALWAYS),
        (ParentBased(TraceIdRatio(0.5)), Situation.REMOTE_UNSAMPLED, 0),
        (RateLimiting(5), Situation.ROOT, None),
        (AlwaysRecord(always_off), Situation.ROOT, None),
        (raising, Situation.ROOT, None),
    ],
    ids=repr,
)
def test_what_goes_by_the_trace_id_alone_answers_ahead(sampler, situation, threshold):
    """Such samplers are not asked for each span; a threshold of "always" is one object."""
    found = threshold_of(sampler, situation)
    assert (threshold, found is ALWAYS) == (found, threshold == ALWAYS)


@pytest.mark.parametrize(
    ("sampler", "shown"),
    [
        (always_on, "always_on"),
        (TraceIdRatio(0.25), "traceidratio:0.25"),
        (ParentBased(always_off), "parentbased_always_off"),
        (RateLimiting(10), "ratelimiting:10"),
        (Rules([Rule(always_on)], always_off), "rules(1, always_off)"),
        (AlwaysRecord(always_off), "always_record(always_off)"),
    ],
)
def test_a_sampler_shows_how_it_was_configured(sampler, shown):
    """The repr of a sampler is its name, as in configuration where it has one."""
    assert shown == repr(sampler)


class Closing:
    """A sampler that holds something open."""

    closed = 0

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        return DROP

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: inner,
        ParentBased,
        AlwaysRecord,
        lambda inner: Rules([Rule(inner, name="x")], always_on),
        lambda inner: Rules([], inner),
        lambda inner: ParentBased(always_on, remote_parent_sampled=AlwaysRecord(inner)),
    ],
)
def test_the_pipeline_closes_its_sampler(around):
    """`shutdown` reaches a sampler that holds something open, inside others too, once."""
    inner = Closing()
    tracer_with(around(inner))
    sdk.get_pipeline().shutdown(5)
    sdk.get_pipeline().shutdown(5)
    assert 1 == inner.closed


def test_a_sampler_that_cannot_be_closed_is_no_exception():
    """`shutdown` says False and raises nothing."""

    class Stuck(Closing):
        """Fails to close."""

        def close(self) -> None:
            raise OSError

    tracer_with(Stuck())
    assert (False, 1) == (sdk.get_pipeline().shutdown(5), _trouble.counts()["sampler.close"])


NAMES = {
    "always_on": "always_on",
    "always_off": "always_off",
    "traceidratio:0.25": "traceidratio:0.25",
    "traceidratio": "traceidratio:1",
    "ratelimiting:10": "ratelimiting:10",
    "parentbased_always_on": "parentbased_always_on",
    "parentbased_always_off": "parentbased_always_off",
    "parentbased_traceidratio:0.1": "parentbased_traceidratio:0.1",
    "parentbased_ratelimiting:2": "parentbased_ratelimiting:2",
    "PARENTBASED_ALWAYS_OFF": "parentbased_always_off",
}


def configured(**settings) -> str:
    """Return the sampler that is in force, as it shows itself."""
    return repr(sdk.configure(exporters=[], detectors=[], **settings)._settings.sampler)


@pytest.mark.parametrize(("name", "shown"), NAMES.items())
def test_samplers_have_names(name, shown):
    """A name, with its argument after a colon, makes a sampler."""
    assert shown == configured(sampler=name, environment={})


@pytest.mark.parametrize(("name", "shown"), NAMES.items())
def test_variables_name_a_sampler(name, shown):
    """OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say the same as the name and its argument."""
    bare, _, argument = name.partition(":")
    variables = {"OTEL_TRACES_SAMPLER": bare, "OTEL_TRACES_SAMPLER_ARG": argument}
    assert shown == configured(environment=variables)


def test_the_default_is_the_specifications():
    """Without a word, `parentbased_always_on`; an argument alone means nothing."""
    assert "parentbased_always_on" == configured(environment={"OTEL_TRACES_SAMPLER_ARG": "0.5"})


def test_a_sampler_in_code_wins():
    """The variables are not even read."""
    variables = {"OTEL_TRACES_SAMPLER": "nonsense"}
    assert "always_off" == configured(sampler=always_off, environment=variables)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"sampler": "sometimes"},
            r"sampler='sometimes' is not valid: allowed is one of always_on, .*jaeger_remote",
        ),
        ({"sampler": 0.5}, "sampler=0.5 is neither a name nor a function"),
        ({"sampler": "traceidratio:2"}, "sampler='traceidratio:2' is not valid: .*from 0.0 to 1.0, not 2.0"),
        (
            {"sampler": "traceidratio:x"},
            "sampler='traceidratio:x' is not valid: allowed is a ratio from 0.0 to 1.0",
        ),
        (
            {"sampler": "ratelimiting"},
            "sampler='ratelimiting' is not valid: allowed is a number of spans a second",
        ),
        ({"sampler": "ratelimiting:-1"}, "sampler='ratelimiting:-1' is not valid: a rate is 0 or more"),
        (
            {"environment": {"OTEL_TRACES_SAMPLER": "sometimes"}},
            "OTEL_TRACES_SAMPLER='sometimes' is not valid: allowed is one of",
        ),
        (
            {"environment": {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"}},
            "OTEL_TRACES_SAMPLER='traceidratio' with OTEL_TRACES_SAMPLER_ARG='half' is not valid: allowed is",
        ),
    ],
)
def test_a_bad_sampler_is_refused_where_it_is_written(settings, message):
    """The message names the argument or the variables, the value, and what is allowed."""
    with pytest.raises(sdk.ConfigurationError, match=message):
        configured(**{"environment": {}, **settings})


def test_record_is_a_result_of_its_own():
    """The three ready-made results are the three decisions."""
    assert list(Decision) == [DROP.decision, RECORD.decision, SAMPLE.decision]


def test_close_is_for_any_sampler():
    """A plain function has nothing to close."""
    assert sampling.close(raising) is None
