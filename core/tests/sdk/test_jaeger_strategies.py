"""What a Jaeger backend's answers make of a sampler."""

from __future__ import annotations

import pytest

from midspan import context, sdk, testing, trace
from midspan.sdk import _jaeger_strategies
from midspan.sdk._jaeger_strategies import strategy_of
from midspan.sdk.sampling import SamplingRequest

LOW, HIGH = 1, (1 << 64) - 1
PARENT = trace.SpanContext(1, 1, 1)


class Asked:
    """Ask a strategy under a clock that stands still."""

    def __init__(self, answer: object, previous: object = None) -> None:
        self.clock = getattr(previous, "clock", None) or testing.FakeClock()
        self.strategy = strategy_of(
            answer, lambda: self.clock.monotonic_ns() / 1e9, getattr(previous, "strategy", None)
        )

    def __call__(self, trace_id: int, name: str = "op", parent: trace.SpanContext | None = None) -> object:
        """Return the tags of a span that is sampled, or False."""
        request = SamplingRequest(context.EMPTY, parent, trace_id, name, trace.SpanKind.INTERNAL, {}, ())
        result = self.strategy(request)
        if not result.decision:
            return False
        tags = result.attributes or {}
        return tuple(tags.values()) if set(tags) == {"sampler.type", "sampler.param"} else tags


def operations(default: float = 0.0, lower_bound: float = 0.0, **rates: float) -> dict:
    """Return an answer with a rate for each operation."""
    strategies = [
        {"operation": name, "probabilisticSampling": {"samplingRate": r}} for name, r in rates.items()
    ]
    return {
        "strategyType": "PROBABILISTIC",
        "operationSampling": {
            "defaultSamplingProbability": default,
            "defaultLowerBoundTracesPerSecond": lower_bound,
            "perOperationStrategies": strategies,
        },
    }


@pytest.mark.parametrize("kind", [{"strategyType": "PROBABILISTIC"}, {"strategyType": 0}, {}])
def test_a_probabilistic_strategy(kind):
    """A share of the traces is sampled, chosen by trace id; roots tell the share."""
    ask = Asked({**kind, "probabilisticSampling": {"samplingRate": 0.5}})
    assert (("probabilistic", 0.5), False) == (ask(LOW), ask(HIGH))


@pytest.mark.parametrize("kind", [{"strategyType": "RATE_LIMITING"}, {"strategyType": 1}, {}])
def test_a_rate_limiting_strategy(kind):
    """So many traces a second are sampled; roots tell the number."""
    ask = Asked({**kind, "rateLimitingSampling": {"maxTracesPerSecond": 2}})
    first = [ask(HIGH) for _ in range(3)]
    ask.clock.advance(0.5)
    assert [("ratelimiting", 2.0), ("ratelimiting", 2.0), False, ("ratelimiting", 2.0)] == [*first, ask(HIGH)]


def test_children_tell_nothing():
    """Only the root of a trace carries the sampler's tags."""
    assert {} == Asked({"probabilisticSampling": {"samplingRate": 1}})(LOW, parent=PARENT)


def test_each_operation_has_its_rate():
    """A span is sampled at the rate of its name, or at the default."""
    ask = Asked(operations(default=1.0, quiet=0.0, half=0.5))
    assert [False, ("probabilistic", 0.5), False, ("probabilistic", 1.0)] == [
        ask(LOW, "quiet"),
        ask(LOW, "half"),
        ask(HIGH, "half"),
        ask(HIGH, "other"),
    ]


def test_every_operation_gets_its_guaranteed_throughput():
    """What the rate leaves out is sampled by the lower bound, an allowance for each operation."""
    ask = Asked(operations(default=0.25, lower_bound=0.5))
    first = [ask(HIGH, "a"), ask(HIGH, "a"), ask(HIGH, "b")]
    ask.clock.advance(2)
    assert [("lowerbound", 0.25), False, ("lowerbound", 0.25), ("lowerbound", 0.25)] == [
        *first,
        ask(HIGH, "a"),
    ]


def test_what_the_rate_samples_counts_towards_the_lower_bound():
    """A trace that was sampled anyway uses the allowance up."""
    ask = Asked(operations(default=0.5, lower_bound=1))
    assert [("probabilistic", 0.5), False] == [ask(LOW), ask(HIGH)]


def test_a_child_by_the_lower_bound_tells_nothing():
    """Tags are for roots, whichever part of the strategy decided."""
    assert {} == Asked(operations(lower_bound=1))(HIGH, parent=PARENT)


def test_a_refresh_grants_no_new_burst():
    """An operation keeps what is left of its allowance when rates change, or when it is no longer named."""
    before = Asked(operations(op=0.0, other=0.0, lower_bound=1))
    taken = [before(HIGH), before(HIGH, "other")]
    after = Asked(operations(op=0.25, lower_bound=1), before)
    assert ([("lowerbound", 0.0)] * 2, False, False) == (taken, after(HIGH), after(HIGH, "other"))


def test_a_new_lower_bound_begins_anew():
    """Where the bound itself changes, allowances begin full."""
    before = Asked(operations(lower_bound=1))
    before(HIGH)
    assert ("lowerbound", 0.0) == Asked(operations(lower_bound=2), before)(HIGH)


def test_operations_are_bounded(monkeypatch):
    """Beyond the last operation that is kept, names are sampled at the default rate without a guarantee."""
    assert 2_000 == _jaeger_strategies.MAX_OPERATIONS
    monkeypatch.setattr(_jaeger_strategies, "MAX_OPERATIONS", 3)
    ask = Asked(operations(default=0.5, lower_bound=1, a=0.0, b=0.0))
    kept = [ask(HIGH, name) for name in ("a", "b", "c", "d")]
    assert [("lowerbound", 0.0), ("lowerbound", 0.0), ("lowerbound", 0.5), False] == kept
    assert ("probabilistic", 0.5) == ask(LOW, "d")


def test_a_strategy_without_operations_samples_by_default():
    """`perOperationStrategies` may be missing, and so may the lower bound."""
    ask = Asked({"operationSampling": {"defaultSamplingProbability": 1, "perOperationStrategies": None}})
    assert ("probabilistic", 1.0) == ask(HIGH)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "text",
        {},
        {"strategyType": "PROBABILISTIC"},
        {"probabilisticSampling": {}},
        {"probabilisticSampling": {"samplingRate": 1.5}},
        {"probabilisticSampling": {"samplingRate": "0.5"}},
        {"probabilisticSampling": {"samplingRate": True}},
        {"probabilisticSampling": {"samplingRate": float("nan")}},
        {"probabilisticSampling": None},
        {"rateLimitingSampling": {"maxTracesPerSecond": -1}},
        {"rateLimitingSampling": []},
        {"operationSampling": {}},
        {"operationSampling": []},
        operations(default=2),
        operations(lower_bound=-1),
        operations(op=-0.5),
        {"operationSampling": {"defaultSamplingProbability": 1, "perOperationStrategies": 5}},
        {"operationSampling": {"defaultSamplingProbability": 1, "perOperationStrategies": [5]}},
        {
            "operationSampling": {
                "defaultSamplingProbability": 1,
                "perOperationStrategies": [{"operation": 5}],
            }
        },
        {
            "operationSampling": {
                "defaultSamplingProbability": 1,
                "perOperationStrategies": [{"operation": "a"}],
            }
        },
    ],
)
def test_what_jaeger_does_not_document_is_refused(answer):
    """An answer that makes no sense is an error, not a strategy."""
    with pytest.raises(ValueError, match=r"strategy|ratio|rate"):
        Asked(answer)


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("jaeger_const:1", {"sampler.type": "const", "sampler.param": True}),
        ("jaeger_probabilistic:1", {"sampler.type": "probabilistic", "sampler.param": 1.0}),
        ("jaeger_ratelimiting:5", {"sampler.type": "ratelimiting", "sampler.param": 5.0}),
        ("parentbased_jaeger_const:true", {"sampler.type": "const", "sampler.param": True}),
        ("always_on", {}),
        ("traceidratio:1", {}),
        ("ratelimiting:5", {}),
    ],
)
def test_local_samplers_tell_of_themselves_under_jaegers_names(memory, name, tags):
    """Roots carry the tags where Jaeger's sampler was asked for; no children, no other samplers' roots."""
    sdk.configure(exporters=[memory], sampler=name, environment={}, detectors=[])
    tracer = trace.get_tracer("t")
    with tracer.start_as_current_span("root"):
        tracer.start_span("child").end()
    assert [{}, tags] == [span.attributes for span in memory.spans]


def test_const_0_samples_nothing(memory):
    """`jaeger_const:0` is an always_off that answers ahead."""
    sdk.configure(exporters=[memory], sampler="jaeger_const:0", environment={}, detectors=[])
    trace.get_tracer("t").start_span("s").end()
    assert [] == memory.spans


@pytest.mark.parametrize(
    ("sampler", "allowed"),
    [
        ("jaeger_const", "0 or 1"),
        ("jaeger_const:maybe", "0 or 1"),
        ("jaeger_probabilistic", "a ratio from 0.0 to 1.0"),
        ("jaeger_probabilistic:2", "from 0.0 to 1.0"),
        ("jaeger_ratelimiting:x", "a number of traces a second"),
    ],
)
def test_a_bad_argument_names_what_is_allowed(sampler, allowed):
    """The message has the sampler as given and what would be right."""
    with pytest.raises(sdk.ConfigurationError, match=f"sampler='{sampler}' is not valid: .*{allowed}"):
        sdk.configure(exporters=[], sampler=sampler, environment={})


def test_strategies_show_themselves():
    """A repr tells kind and rates."""
    assert "jaeger_traceidratio:0.5" == repr(
        strategy_of({"probabilisticSampling": {"samplingRate": 0.5}}, float)
    )
    assert "jaeger_per_operation(1, jaeger_traceidratio:0)" == repr(
        strategy_of(operations(op=1), lambda: 0.0)
    )
