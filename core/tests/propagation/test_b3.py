"""B3: one header or several, ids of 64 and 128 bits, and every state of the decision about sampling."""

from __future__ import annotations

import pytest

from midspan import context as _context
from midspan.context import Context
from midspan.propagation.b3 import B3Multi, B3Single
from midspan.trace import NOOP_SPAN, NonRecordingSpan, SpanContext, TraceFlags

TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
SPAN_ID = 0x00F067AA0BA902B7
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
DEFERRED = TraceFlags.DEFERRED
IDS = {"x-b3-traceid": TRACE, "x-b3-spanid": SPAN}

either = pytest.mark.parametrize("propagator", [B3Single(), B3Multi()], ids=["single", "multi"])


@either
@pytest.mark.parametrize(
    ("headers", "flags", "debug"),
    [
        ({"b3": f"{TRACE}-{SPAN}-1"}, 1, False),
        ({"b3": f"{TRACE}-{SPAN}-0"}, 0, False),
        ({"b3": f"{TRACE}-{SPAN}-d"}, 1, True),
        ({"b3": f"{TRACE}-{SPAN}"}, DEFERRED, False),
        ({"b3": f"{TRACE}-{SPAN}-1-{'c' * 16}"}, 1, False),
        ({"b3": f" {TRACE.upper()}-{SPAN}-1\t"}, 1, False),
        ({"B3": f"{TRACE}-{SPAN}-true"}, 1, False),
        ({**IDS, "x-b3-sampled": "1"}, 1, False),
        ({**IDS, "x-b3-sampled": "0"}, 0, False),
        ({**IDS, "x-b3-sampled": "True"}, 1, False),
        ({**IDS, "x-b3-sampled": "false"}, 0, False),
        ({**IDS, "x-b3-flags": "1"}, 1, True),
        ({**IDS, "x-b3-flags": "1", "x-b3-sampled": "0"}, 1, True),
        ({**IDS, "x-b3-flags": "0", "x-b3-sampled": "0"}, 0, False),
        ({**IDS, "x-b3-sampled": "maybe"}, DEFERRED, False),
        ({**IDS, "x-b3-parentspanid": "c" * 16}, DEFERRED, False),
        ({"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN, "X-B3-Sampled": "1"}, 1, False),
    ],
)
def test_both_forms_are_read(propagator, extracted, headers, flags, debug):
    """A receiver understands both forms and each state: yes, no, debug, and "decide yourself"."""
    assert (TRACE_ID, SPAN_ID, flags, debug) == extracted(propagator, headers)


@either
@pytest.mark.parametrize("trace", ["a3ce929d0e0e4736", "0" * 16 + "a3ce929d0e0e4736", "00a3ce929d0e0e4736"])
def test_short_ids_are_read(propagator, extracted, trace):
    """An id of 64 bits is one of 128 bits whose upper half is zero."""
    assert (0xA3CE929D0E0E4736, 0xB7, 1, False) == extracted(propagator, {"b3": f"{trace}-b7-1"})


@either
def test_the_one_header_comes_first(propagator, extracted):
    """Where both forms are there, the single header is believed."""
    headers = {"b3": f"{TRACE}-{SPAN}-1", "x-b3-traceid": "1", "x-b3-spanid": "2", "x-b3-sampled": "0"}
    assert (TRACE_ID, SPAN_ID, 1, False) == extracted(propagator, headers)


@either
def test_a_bad_header_does_not_hide_the_others(propagator, extracted):
    """If the one header holds nothing, the several may."""
    headers = {"b3": "junk", **IDS, "x-b3-sampled": "1"}
    assert (TRACE_ID, SPAN_ID, 1, False) == extracted(propagator, headers)


@either
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"b3": "1"}, (0, 0, 1, False)),
        ({"b3": "0"}, (0, 0, 0, False)),
        ({"b3": "d"}, (0, 0, 1, True)),
        ({"x-b3-sampled": "1"}, (0, 0, 1, False)),
        ({"x-b3-sampled": "0"}, (0, 0, 0, False)),
        ({"x-b3-flags": "1"}, (0, 0, 1, True)),
        ({"x-b3-sampled": "0", "x-b3-traceid": TRACE}, (0, 0, 0, False)),
    ],
)
def test_a_decision_may_come_without_ids(propagator, extracted, headers, expected):
    """A gateway may say whether to record before there is a trace."""
    assert expected == extracted(propagator, headers)


@either
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"b3": ""},
        {"b3": "-"},
        {"b3": "---"},
        {"b3": TRACE},
        {"b3": f"{TRACE}-"},
        {"b3": f"-{SPAN}"},
        {"b3": f"{TRACE}-{SPAN}-x"},
        {"b3": f"{TRACE}-{SPAN}-1-{SPAN}-1"},
        {"b3": f"{TRACE}0-{SPAN}-1"[:-1]},
        {"b3": f"1{TRACE}-{SPAN}-1"},
        {"b3": f"{TRACE}-1{SPAN}-1"},
        {"b3": f"{'0' * 32}-{SPAN}-1"},
        {"b3": f"{TRACE}-{'0' * 16}-1"},
        {"b3": f"{TRACE[:-1]}g-{SPAN}-1"},
        {"b3": f"+{TRACE[1:]}-{SPAN}-1"},
        {"b3": f"0x{TRACE[2:]}-{SPAN}-1"},
        {"b3": "2"},
        {"b3": [f"{TRACE}-{SPAN}-1", f"{TRACE}-{SPAN}-0"]},
        {"b3": 1},
        {"b3": f"{TRACE}-{SPAN}-1".rjust(600, "0")},
        {"x-b3-traceid": TRACE},
        {"x-b3-spanid": SPAN},
        {"x-b3-traceid": "zz", "x-b3-spanid": SPAN},
        {"x-b3-sampled": "maybe"},
        {"x-b3-flags": "d"},
    ],
)
def test_what_is_malformed_is_none(propagator, extracted, headers):
    """Nothing is found, and nothing raised."""
    assert None is extracted(propagator, headers)


@pytest.mark.parametrize(
    ("identity", "single", "multi"),
    [
        ({}, f"{TRACE}-{SPAN}-1", {**IDS, "x-b3-sampled": "1"}),
        ({"flags": 0}, f"{TRACE}-{SPAN}-0", {**IDS, "x-b3-sampled": "0"}),
        ({"debug": True}, f"{TRACE}-{SPAN}-d", {**IDS, "x-b3-flags": "1"}),
        ({"flags": DEFERRED}, f"{TRACE}-{SPAN}", IDS),
        (
            {"trace_id": 1, "span_id": 2},
            f"{'1':0>32}-{'2':0>16}-1",
            {"x-b3-traceid": f"{'1':0>32}", "x-b3-spanid": f"{'2':0>16}", "x-b3-sampled": "1"},
        ),
    ],
)
def test_both_forms_are_written(injected, identity, single, multi):
    """The state that was received goes on; ids have their full width."""
    assert ({"b3": single}, multi) == (injected(B3Single(), **identity), injected(B3Multi(), **identity))


@either
@pytest.mark.parametrize("header", ["0", "1", "d"])
def test_a_decision_without_ids_is_sent_on(propagator, extracted, header):
    """Where nothing is recorded, what a gateway decided reaches the next service."""
    headers = {}
    propagator.inject(headers, propagator.extract({"b3": header}, _context.EMPTY))
    assert extracted(propagator, {"b3": header}) == extracted(propagator, headers)


@either
@pytest.mark.parametrize("span", [None, NOOP_SPAN, NonRecordingSpan(SpanContext(1 << 128, 1))])
def test_no_span_is_no_header(propagator, span):
    """Without valid ids and without a decision there is nothing to send."""
    headers = {}
    propagator.inject(headers, Context(span))
    assert {} == headers


@either
def test_a_decision_does_not_replace_a_trace(propagator):
    """A header without ids leaves the span that another format found."""
    found = Context(NonRecordingSpan(SpanContext(1, 2, is_remote=True)))
    assert found is propagator.extract({"b3": "0"}, found)
