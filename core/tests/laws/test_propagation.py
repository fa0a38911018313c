"""What holds for all contexts and headers: what a format carries comes back, and quick ways are right."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from midspan import _trouble
from midspan import context as _context
from midspan.baggage import Value
from midspan.context import Context
from midspan.propagation import Composite, _baggage, by_name, opencensus_binary
from midspan.propagation.tracecontext import TraceContext
from midspan.propagation.w3c_baggage import Baggage
from midspan.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

TOKEN_SIGNS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VISIBLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)

trace_ids = st.integers(1, (1 << 128) - 1)
span_ids = st.integers(1, (1 << 64) - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
tokens = st.text(TOKEN_SIGNS, min_size=1, max_size=20)
properties = st.lists(tokens, max_size=2).map(";".join)
baggages = st.dictionaries(tokens, texts | st.builds(Value, texts, properties), max_size=8)
states = st.dictionaries(
    st.from_regex(r"[a-z0-9][a-z0-9_\-*/@]{0,8}", fullmatch=True),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=",="), min_size=1),
    max_size=32,
).map(lambda members: TraceState(tuple(members.items())))
# Text that looks like headers, and text that does not.
headers = st.text(max_size=120) | st.text("kv=;,% \t20c3a9", max_size=120)


def there_and_back(name, span_context, baggage=None):
    """Return what arrives at the other side."""
    carrier = {}
    propagator = by_name([name])
    propagator.inject(carrier, Context(NonRecordingSpan(span_context), baggage or {}))
    return propagator.extract(carrier, _context.EMPTY)


def arrived(span_context, **lost):
    """Return a span context as the other side should see it."""
    return span_context._replace(is_remote=True, **lost)


@given(trace_ids, span_ids, st.integers(0, 3), states, baggages)
def test_w3c_carries_everything_but_debug(trace_id, span_id, flags, state, baggage):
    """Ids, both flags, vendor data, and baggage with its properties."""
    sent = SpanContext(trace_id, span_id, flags, state)
    carrier = {}
    propagator = by_name(["tracecontext", "baggage"])
    propagator.inject(carrier, Context(NonRecordingSpan(sent), baggage))
    found = propagator.extract(carrier, _context.EMPTY)
    assert (arrived(sent), baggage) == (found.span.context, found.baggage)
    assert {key: getattr(value, "properties", "") for key, value in baggage.items()} == {
        key: getattr(value, "properties", "") for key, value in found.baggage.items()
    }


@given(
    st.sampled_from(["b3", "b3multi"]),
    trace_ids,
    span_ids,
    st.sampled_from([(0, False), (1, False), (1, True), (TraceFlags.DEFERRED, False)]),
)
def test_b3_carries_ids_and_every_state(name, trace_id, span_id, state):
    """No, yes, debug, and "decide yourself"."""
    sent = SpanContext(trace_id, span_id, state[0], is_debug=state[1])
    assert arrived(sent) == there_and_back(name, sent).span.context


@given(
    trace_ids,
    span_ids,
    st.sampled_from([(0, False), (1, False), (1, True)]),
    st.dictionaries(tokens.map(str.lower), texts, max_size=8),
)
def test_jaeger_carries_ids_debug_and_baggage_in_lower_case(trace_id, span_id, state, baggage):
    """Values may be any text; names have no case."""
    sent = SpanContext(trace_id, span_id, state[0], is_debug=state[1])
    found = there_and_back("jaeger", sent, baggage)
    assert (arrived(sent), baggage) == (found.span.context, found.baggage)


@given(
    trace_ids,
    span_ids,
    st.integers(0, 1),
    st.dictionaries(tokens.map(str.lower), st.text(VISIBLE, max_size=20).map(str.strip), max_size=8),
)
def test_ot_carries_64_bits_and_visible_baggage(trace_id, span_id, flags, baggage):
    """The upper half of a trace id is lost."""
    low = trace_id & ((1 << 64) - 1)
    assume(low)
    found = there_and_back("ottrace", SpanContext(trace_id, span_id, flags), baggage)
    assert (SpanContext(low, span_id, flags, is_remote=True), baggage) == (found.span.context, found.baggage)


@given(
    st.sampled_from(["xray", "cloudtrace", "datadog"]),
    trace_ids,
    span_ids,
    st.sampled_from([0, 1, TraceFlags.DEFERRED]),
)
def test_these_carry_ids_and_three_states(name, trace_id, span_id, flags):
    """No, yes, and "decide yourself"."""
    assume(trace_id & ((1 << 64) - 1))
    sent = SpanContext(trace_id, span_id, flags)
    assert arrived(sent) == there_and_back(name, sent).span.context


@given(st.sampled_from(["opencensus-text", "opencensus-binary"]), trace_ids, span_ids, st.integers(0, 1))
def test_opencensus_carries_ids_and_the_sampled_flag(name, trace_id, span_id, flags):
    """In text as in binary form."""
    sent = SpanContext(trace_id, span_id, flags)
    assert arrived(sent) == there_and_back(name, sent).span.context


@given(trace_ids, span_ids, st.integers(0, 1))
def test_binary_form_is_read_as_it_was_written(trace_id, span_id, flags):
    """`decode` undoes `encode`."""
    sent = SpanContext(trace_id, span_id, flags)
    assert arrived(sent) == opencensus_binary.decode(opencensus_binary.encode(sent))


@given(st.binary(max_size=200))
def test_any_bytes_can_be_decoded(data):
    """What comes out is valid, or `INVALID`."""
    found = opencensus_binary.decode(data)
    assert found.is_valid == found.is_remote


@given(baggages)
def test_a_baggage_header_is_visible_ascii(baggage):
    """Whatever baggage says, it ends no header."""
    header = _baggage.encode(baggage)
    assert (True, True) == (header.isascii(), header.isprintable())


@given(st.dictionaries(texts | st.text(), st.text() | st.builds(Value, st.text(), st.text()), max_size=8))
def test_the_quick_way_of_writing_baggage_is_the_careful_one(baggage):
    """Text that needs nothing is recognised, and nothing else."""
    assert _baggage._encode_each(baggage) == _baggage.encode(baggage)


@given(headers)
def test_the_quick_way_of_reading_baggage_is_the_careful_one(header):
    """Headers that need nothing are recognised, and no others."""
    assert _baggage._decode_each(header) == _baggage.decode(header)


@given(headers)
def test_what_was_read_as_baggage_can_be_sent(header):
    """Reading, writing and reading again is reading once."""
    found = _baggage.decode(header)
    assert found == _baggage.decode(_baggage.encode(found))


@given(headers | st.text("ab01=,@ \t", max_size=80))
def test_what_was_read_as_a_tracestate_can_be_sent(header):
    """Reading, writing and reading again is reading once."""
    found = TraceState.parse(header)
    assert found == TraceState.parse(found.to_header()) == TraceState(tuple(found))


@given(
    st.dictionaries(
        st.sampled_from(["traceparent", "tracestate", "baggage", "Baggage", "host"]),
        headers
        | st.sampled_from(
            [
                f"00-{'a' * 32}-{'b' * 16}-01",
                f"cc-{'a' * 32}-{'b' * 16}-03-x",
                "a=1,b=2",
                " k = v ;p",
                b"a=1",
                None,
            ]
        ),
    ),
    baggages,
)
def test_the_w3c_pair_in_one_go_is_the_two_formats(carrier, before):
    """The quick way and the formats one after the other find the same."""
    context = Context(None, before)
    quick = Composite([TraceContext(), Baggage()]).extract(carrier, context)
    slow = TraceContext().extract(carrier, Baggage().extract(carrier, context))
    assert (slow.span and slow.span.context, dict(slow.baggage)) == (
        quick.span and quick.span.context,
        dict(quick.baggage),
    )
    assert (quick is context) == (slow is context)


@given(trace_ids, span_ids, st.integers(0, 3), states, baggages)
def test_the_w3c_pair_is_written_in_one_go_as_by_the_two_formats(trace_id, span_id, flags, state, baggage):
    """The quick way and the formats one after the other write the same."""
    context = Context(NonRecordingSpan(SpanContext(trace_id, span_id, flags, state)), baggage)
    quick, slow = {}, {}
    Composite([TraceContext(), Baggage()]).inject(quick, context)
    TraceContext().inject(slow, context)
    Baggage().inject(slow, context)
    assert slow == quick


@pytest.mark.parametrize("name", ["tracecontext", "b3", "b3multi", "jaeger", "ottrace", "xray", "datadog"])
@settings(max_examples=25)
@given(st.data())
def test_names_have_no_case(name, data):
    """However a header's name is spelled, it is found."""
    carrier = {}
    propagator = by_name([name])
    propagator.inject(carrier, Context(NonRecordingSpan(SpanContext(5, 6, 1)), {"k": "v"}))
    spelled = {
        "".join(data.draw(st.sampled_from([sign.lower(), sign.upper()])) for sign in field): value
        for field, value in carrier.items()
    }
    found, expected = (propagator.extract(each, _context.EMPTY) for each in (spelled, carrier))
    assert (expected.span.context, expected.baggage) == (found.span.context, found.baggage)


@given(
    st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists)
    | st.dictionaries(st.text(), st.text())
)
def test_anything_is_a_carrier(carrier):
    """Nothing raises; what is no carrier holds nothing."""
    propagator = by_name(["tracecontext", "baggage", "b3", "jaeger", "xray", "opencensus-binary", "datadog"])
    found = propagator.extract(carrier, _context.EMPTY)
    assert isinstance(found, Context)
    _trouble.reset()
