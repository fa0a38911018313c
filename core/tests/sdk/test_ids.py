"""Ids: random, X-Ray's, or somebody else's; never none."""

from __future__ import annotations

import random
import time

import pytest

from midspan import _trouble, sdk, trace
from midspan.sdk.ids import RandomIds, XRayIds


def span_with(ids: object, **variables: str) -> trace.Span:
    """Return a root whose ids come from there."""
    sdk.configure(exporters=[], ids=ids, environment=variables, detectors=[])
    return trace.get_tracer("t").start_span("s")


class Own:
    """An id generator of an application's."""

    def __init__(self, trace_id: object = 5, span_id: object = 6) -> None:
        self._made = trace_id, span_id

    def trace_id(self) -> object:
        return self._make(0)

    def span_id(self) -> object:
        return self._make(1)

    def _make(self, which: int) -> object:
        if isinstance(self._made[which], Exception):
            raise self._made[which]
        return self._made[which]


@pytest.mark.parametrize("ids", [RandomIds(), XRayIds()])
def test_ids_fit_and_differ(ids):
    """128 bits for a trace, 64 for a span, no two alike."""
    made = [(ids.trace_id(), ids.span_id()) for _ in range(1000)]
    assert (1000, 1000) == (len({one for one, _ in made}), len({one for _, one in made}))
    assert all(0 <= one < 1 << 128 and 0 <= other < 1 << 64 for one, other in made)


def test_all_bits_of_a_random_id_are_used():
    """No bit is always the same."""
    every, none = 0, (1 << 128) - 1
    for _ in range(200):
        made = RandomIds.trace_id()
        every, none = every | made, none & made
    assert ((1 << 128) - 1, 0) == (every, none)


def test_a_program_that_seeds_its_random_numbers_gets_other_ids():
    """The same seed in every process must not give the same trace ids."""
    made = []
    for _ in range(2):
        random.seed(1)
        made.append(RandomIds.trace_id())
    assert made[0] != made[1]


def test_an_xray_id_begins_with_the_time():
    """The upper 32 bits are seconds since the epoch, as AWS X-Ray wants."""
    before = int(time.time())
    assert before <= XRayIds.trace_id() >> 96 <= before + 1


@pytest.mark.parametrize(
    ("ids", "variables", "is_xray"),
    [
        (None, {}, False),
        (None, {"OTEL_PYTHON_ID_GENERATOR": "xray"}, True),
        (None, {"OTEL_PYTHON_ID_GENERATOR": "random"}, False),
        ("xray", {}, True),
        ("random", {"OTEL_PYTHON_ID_GENERATOR": "xray"}, False),
        (XRayIds(), {}, True),
    ],
)
def test_a_generator_is_chosen_by_name_or_given(ids, variables, is_xray):
    """Code wins over the variable; the default is random."""
    trace_id = span_with(ids, **variables).context.trace_id
    assert is_xray is (abs((trace_id >> 96) - time.time()) < 10)


def test_ids_may_be_an_applications_own():
    """They are used as they come, and not said to be random."""
    assert (5, 6, 0x01) == span_with(Own()).context[:3]


def test_ids_of_ones_own_may_be_random():
    """`is_random` sets the flag of W3C level 2."""
    own = Own()
    own.is_random = True
    assert 0x03 == span_with(own).context.trace_flags


@pytest.mark.parametrize("made", [0, -1, 1 << 128, "5", None, 1.5j, LookupError()])
def test_what_is_no_id_is_replaced(made):
    """A generator that fails costs its id alone: a random one is taken, and this is counted."""
    span = span_with(Own(made, 6))
    assert (True, 6, 1) == (span.context.is_valid, span.context.span_id, _trouble.counts()["ids.failed"])


def test_a_span_id_is_checked_as_well():
    """It has 64 bits."""
    assert (True, 5) == (
        span_with(Own(5, 1 << 64)).context.is_valid,
        trace.get_tracer("t").start_span("s").context[0],
    )


def test_zero_is_no_id(monkeypatch):
    """Should chance give it, 1 is taken: 0 means "none" everywhere."""
    monkeypatch.setattr(RandomIds, "trace_id", staticmethod(lambda: 0))
    monkeypatch.setattr(RandomIds, "span_id", staticmethod(lambda: 0))
    assert (1, 1) == span_with(RandomIds()).context[:2]
    sdk.configure(exporters=[], ids=RandomIds(), sampler="always_off", environment={})
    assert (1, 1) == trace.get_tracer("t").start_span("s").context[:2]


@pytest.mark.parametrize("ids", [object(), 5, type("Half", (), {"trace_id": lambda self: 1})()])
def test_what_is_no_generator_is_refused(ids):
    """The message says what one has."""
    with pytest.raises(TypeError, match="no functions trace_id and span_id"):
        span_with(ids)
