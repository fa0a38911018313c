"""`traceparent` and `tracestate`, by the letter of W3C Trace Context, Level 2."""

from __future__ import annotations

import pytest

from midspan import context as _context
from midspan import propagation
from midspan.context import Context
from midspan.propagation.tracecontext import TraceContext
from midspan.propagation.w3c_baggage import Baggage
from midspan.trace import NOOP_SPAN, NonRecordingSpan, SpanContext

TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
SPAN_ID = 0x00F067AA0BA902B7
IDS = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

# The format by itself, and the way that the pair of W3C formats is gone in one go: they must not differ.
both_ways = pytest.mark.parametrize(
    "propagator",
    [TraceContext(), propagation.Composite([TraceContext(), Baggage()])],
    ids=["alone", "with baggage"],
)


@both_ways
def test_a_traceparent_is_read(propagator, extracted):
    """Ids and flags stand at fixed places."""
    assert (TRACE_ID, SPAN_ID, 1, False) == extracted(propagator, {"traceparent": f"00-{IDS}-01"})


@both_ways
def test_a_traceparent_is_written(propagator, injected):
    """What is sent is version 00, in lower-case digits."""
    assert {"traceparent": f"00-{IDS}-01"} == injected(propagator)


@both_ways
def test_ids_are_padded(propagator, injected):
    """Small ids have their full width in the header."""
    assert {"traceparent": f"00-{'0' * 31}1-{'0' * 15}2-00"} == injected(
        propagator, trace_id=1, span_id=2, flags=0
    )


@both_ways
@pytest.mark.parametrize(
    ("octet", "flags"), [("00", 0), ("01", 1), ("02", 2), ("03", 3), ("fd", 1), ("ff", 3), ("a4", 0)]
)
def test_of_the_flags_only_the_known_two_are_kept(propagator, extracted, octet, flags):
    """Sampled and random are known; a sender's other bits mean nothing here."""
    assert (TRACE_ID, SPAN_ID, flags, False) == extracted(propagator, {"traceparent": f"00-{IDS}-{octet}"})


@both_ways
@pytest.mark.parametrize("flags", [0, 1, 2, 3])
def test_the_random_flag_is_sent_on(propagator, injected, flags):
    """Level 2: whoever continues a trace keeps the random flag."""
    assert f"00-{IDS}-0{flags}" == injected(propagator, flags=flags)["traceparent"]


@both_ways
@pytest.mark.parametrize("flags", [0xFF, 0x401])
def test_no_unknown_flag_is_sent(propagator, injected, flags):
    """Bits without a meaning on this wire go out as zeros."""
    assert flags & 3 == int(injected(propagator, flags=flags)["traceparent"][-2:], 16)


@both_ways
@pytest.mark.parametrize(
    "header",
    [
        f"01-{IDS}-01",
        f"cc-{IDS}-01",
        f"fe-{IDS}-01",
        f"cc-{IDS}-01-",
        f"cc-{IDS}-01-what-the-future-holds",
        f"cc-{IDS}-01-{'x' * 400}",
        f" \t00-{IDS}-01\t ",
    ],
)
def test_later_versions_and_white_space_are_read(propagator, extracted, header):
    """A later version's known part is understood (section 4.3); white space around belongs to HTTP."""
    assert (TRACE_ID, SPAN_ID, 1, False) == extracted(propagator, {"traceparent": header})


@both_ways
@pytest.mark.parametrize(
    "header",
    [
        "",
        "-",
        "00",
        f"00-{IDS}",
        f"00-{IDS}-1",
        f"00-{IDS}-001",
        f"00-{IDS}-01-",
        f"00-{IDS}-01.",
        f"00-{IDS}-01-later",
        f"cc-{IDS}-01.later",
        f"cc-{IDS}-012",
        f"ff-{IDS}-01",
        f"0-{IDS}-01",
        f"000-{IDS}-01",
        f".0-{IDS}-01",
        f"0G-{IDS}-01",
        f"CC-{IDS}-01",
        f"00-{IDS}-0X",
        f"00-{IDS}-.0",
        f"00-{IDS.upper()}-01",
        f"00_{IDS}_01",
        f"00-{IDS}-01\n",
        f"00-{IDS}-01,00-{IDS}-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e47361-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b71-01",
        # What int() would take.
        "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00--bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00- bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6_3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-0xf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473\u0666-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b\uff17-01",
        f"cc-{IDS}-01-{'x' * 500}",
    ],
)
def test_a_malformed_traceparent_is_none(propagator, extracted, header):
    """Anything that is not exactly as the grammar says begins a new trace."""
    assert None is extracted(propagator, {"traceparent": header})


@both_ways
@pytest.mark.parametrize("value", [None, 7, 1.5, True, object(), (), [], {}, [None], [f"00-{IDS}-01"] * 2])
def test_a_value_that_is_no_single_text_is_none(propagator, extracted, value):
    """Two headers, or something that is no header, are no traceparent."""
    assert None is extracted(propagator, {"traceparent": value})


@both_ways
@pytest.mark.parametrize("value", [f"00-{IDS}-01".encode(), [f"00-{IDS}-01"], (f"00-{IDS}-01".encode(),)])
def test_bytes_and_lists_of_one_are_read(propagator, extracted, value):
    """Frameworks give values as bytes or in lists."""
    assert (TRACE_ID, SPAN_ID, 1, False) == extracted(propagator, {"traceparent": value})


@both_ways
def test_a_tracestate_comes_along(propagator):
    """Several headers are one list, in their order."""
    headers = [("traceparent", f"00-{IDS}-00"), ("tracestate", "a=1,b=2"), ("tracestate", "c=3")]
    context = propagator.extract(headers, _context.EMPTY)
    assert "a=1,b=2,c=3" == context.span.context.trace_state.to_header()


@both_ways
def test_a_tracestate_without_a_traceparent_is_nothing(propagator):
    """Vendor data without a trace has no meaning."""
    assert _context.EMPTY is propagator.extract({"tracestate": "a=1"}, _context.EMPTY)


@both_ways
@pytest.mark.parametrize("value", [5, None, [], [7], {"a": 1}])
def test_a_tracestate_that_is_no_text_is_left_out(propagator, value):
    """The ids count all the same."""
    headers = {"traceparent": f"00-{IDS}-00", "tracestate": value}
    assert "" == propagator.extract(headers, _context.EMPTY).span.context.trace_state.to_header()


@both_ways
def test_a_tracestate_is_sent_on(propagator, injected):
    """What was received goes to the next service."""
    assert "a=1,b=2" == injected(propagator, state="a=1,b=2")["tracestate"]


@both_ways
@pytest.mark.parametrize("state", ["", " , ", "A=1", "a=1,b"])
def test_no_empty_tracestate_is_sent(propagator, injected, state):
    """A list without members, or one that broke the grammar, is no header."""
    assert {"traceparent": f"00-{IDS}-01"} == injected(propagator, state=state)


@both_ways
@pytest.mark.parametrize(
    "span",
    [None, NOOP_SPAN]
    + [NonRecordingSpan(SpanContext(*ids)) for ids in [(1, 0), (0, 1), (1 << 128, 1), (1, 1 << 64), (-1, 5)]],
)
def test_no_span_without_valid_ids_is_sent(propagator, span):
    """Ids that are missing or do not fit make no header, and no error."""
    headers = {}
    propagator.inject(headers, Context(span))
    assert {} == headers


@both_ways
def test_the_longest_header_that_is_read_has_512_characters(propagator, extracted):
    """A later version may be longer than ours, within reason."""
    longest = f"cc-{IDS}-01-".ljust(512, "x")
    assert (True, None) == (
        extracted(propagator, {"traceparent": longest}) is not None,
        extracted(propagator, {"traceparent": longest + "x"}),
    )


def test_the_fields_are_the_headers_that_are_written():
    """A caller can clear what an earlier injection left."""
    assert ("traceparent", "tracestate") == tuple(TraceContext().fields)
