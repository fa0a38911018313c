"""Jaeger: `uber-trace-id` in all its spellings, both kinds of baggage, the debug id, other names."""

from __future__ import annotations

import pytest

from midspan import _trouble, propagation
from midspan import context as _context
from midspan.context import Context
from midspan.propagation.jaeger import Jaeger
from midspan.trace import NOOP_SPAN, NonRecordingSpan, SpanContext

TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
SPAN_ID = 0x00F067AA0BA902B7
IDS = "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7"


def baggage_in(headers, propagator=None):
    """Return the baggage that headers hold."""
    return dict((propagator or Jaeger()).extract(headers, _context.EMPTY).baggage)


@pytest.mark.parametrize(
    ("header", "flags", "debug"),
    [
        (f"{IDS}:0:1", 1, False),
        (f"{IDS}:0:0", 0, False),
        (f"{IDS}:00f067aa0ba902b8:1", 1, False),
        (f"{IDS}:0:3", 1, True),
        (f"{IDS}:0:2", 1, True),
        (f"{IDS}:0:01", 1, False),
        (f"{IDS}:0:9", 1, False),
        (f"{IDS}:0:8", 0, False),
        (f"{IDS}:0:000000000000000001", 1, False),
        (f"{IDS}:0:1".replace(":", "%3A"), 1, False),
        (f"{IDS}:0:1".replace(":", "%3a"), 1, False),
        (f"{IDS.upper()}:0:1", 1, False),
        ("4bf92f3577b34da6a3ce929d0e0e4736:f067aa0ba902b7:0:1", 1, False),
        (f"{'0' * 40}4bf92f3577b34da6a3ce929d0e0e4736:{'0' * 40}f067aa0ba902b7:0:1", 1, False),
        (f"{IDS}::1", 1, False),
        (f"{IDS}:0:", 0, False),
    ],
)
def test_an_uber_trace_id_is_read(extracted, header, flags, debug):
    """Ids are of any length; the second flag means debug, which means sampled; colons may be escaped."""
    assert (TRACE_ID, SPAN_ID, flags, debug) == extracted(Jaeger(), {"Uber-Trace-Id": header})


@pytest.mark.parametrize(
    "header",
    [
        "",
        ":::",
        IDS,
        f"{IDS}:0",
        f"{IDS}:0:1:1",
        f"0:{SPAN_ID:x}:0:1",
        f"{TRACE_ID:x}:0:0:1",
        f"1{IDS}:0:1",
        f"{TRACE_ID:x}:1{SPAN_ID:016x}:0:1",
        f"+{IDS[1:]}:0:1",
        f"0x{IDS[2:]}:0:1",
        f"{IDS[:9]}_{IDS[10:]}:0:1",
        f"{IDS}:0:1".rjust(600, "0"),
    ],
)
def test_a_malformed_one_is_none(extracted, header):
    """Nothing is found, and nothing raised."""
    assert None is extracted(Jaeger(), {"uber-trace-id": header})


@pytest.mark.parametrize(
    ("identity", "header"),
    [
        ({}, f"{IDS}:0:1"),
        ({"flags": 0}, f"{IDS}:0:0"),
        ({"debug": True}, f"{IDS}:0:3"),
        ({"trace_id": 1, "span_id": 2}, f"{'1':0>32}:{'2':0>16}:0:1"),
    ],
)
def test_an_uber_trace_id_is_written(injected, identity, header):
    """Full width, no parent (jaeger's clients have dropped it), and the debug flag."""
    assert {"uber-trace-id": header} == injected(Jaeger(), **identity)


@pytest.mark.parametrize("span", [None, NOOP_SPAN, NonRecordingSpan(SpanContext(1, 1 << 64))])
def test_baggage_needs_no_span(span):
    """Baggage goes out where there is no trace."""
    headers = {}
    Jaeger().inject(headers, Context(span, {"k": "v"}))
    assert {"uberctx-k": "v"} == headers


def test_baggage_is_read():
    """Each item has a header; names are without case, values URL-encoded."""
    headers = {
        "UberCtx-Tier": "gold",
        "uberctx-name": "a%20b%C3%A9",
        "uberctx-java": "a+b%2B",
        "uberctx-": "x",
    }
    assert {"tier": "gold", "name": "a b\u00e9", "java": "a b+"} == baggage_in(headers)


def test_baggage_is_written(injected):
    """Values are URL-encoded, so nothing can end a header."""
    headers = injected(Jaeger(), {"Tier": "a b+\u00e9/\r\n"})
    assert "a%20b%2B%C3%A9%2F%0D%0A" == headers["uberctx-tier"]


def test_baggage_may_be_given_by_hand():
    """`jaeger-baggage` is for people with a terminal."""
    headers = {"jaeger-baggage": "k1=v1, k2 = v%20 2,bad,=no,k3=", "uberctx-k1": "header"}
    assert {"k1": "header", "k2": "v  2", "k3": ""} == baggage_in(headers)


def test_what_cannot_be_a_header_is_left_out(injected):
    """A name that is no token is not sent, and counted."""
    headers = injected(Jaeger(), {"a b": "1", "": "2", "good": "3"})
    assert (["uber-trace-id", "uberctx-good"], 2) == (
        sorted(headers),
        _trouble.counts()["propagation.baggage_key"],
    )


def test_baggage_is_bounded_when_it_is_written(injected):
    """64 items and 8,192 characters go; what does not is counted."""
    many = injected(Jaeger(), {f"k{i}": "v" for i in range(70)})
    large = injected(Jaeger(), {"a": "x" * 8_000, "b": "y" * 500, "c": "z"})
    assert (65, ["uber-trace-id", "uberctx-a", "uberctx-c"], 7) == (
        len(many),
        sorted(large),
        _trouble.counts()["propagation.baggage_limit"],
    )


def test_baggage_is_bounded_when_it_is_read():
    """What a caller sends beyond the limits is not kept."""
    many = baggage_in({f"uberctx-k{i}": "v" for i in range(70)})
    large = baggage_in({"uberctx-a": "x" * 8_000, "uberctx-b": "y" * 500, "uberctx-c": "z"})
    by_hand = baggage_in({"jaeger-baggage": ",".join(f"k{i}=v" for i in range(70))})
    assert (64, ["a", "c"], 64) == (len(many), sorted(large), len(by_hand))


def test_a_debug_id_begins_a_recorded_trace(extracted):
    """There are no ids yet, but the wish that the root be recorded."""
    assert (0, 0, 1, True) == extracted(Jaeger(), {"Jaeger-Debug-Id": "find-me"})


def test_a_debug_id_waits_for_the_root_span():
    """It lies in the context, for whoever starts the root, as the attribute that it will be."""
    context = Jaeger().extract({"jaeger-debug-id": "find%20me"}, _context.EMPTY)
    assert "{ROOT_ATTRIBUTES: {'jaeger-debug-id': 'find me'}}" == str(context.values)
    assert {"jaeger-debug-id": "find me"} == context.values[propagation.ROOT_ATTRIBUTES]


def test_a_trace_has_no_use_for_a_debug_id(extracted):
    """Beside valid ids it says nothing, as in Jaeger's clients."""
    headers = {"uber-trace-id": f"{IDS}:0:0", "jaeger-debug-id": "find-me"}
    context = Jaeger().extract(headers, _context.EMPTY)
    assert ((TRACE_ID, SPAN_ID, 0, False), {}) == (extracted(Jaeger(), headers), dict(context.values))


@pytest.mark.parametrize("value", ["", " ", None, 7, ["a", "b"], "x" * 513])
def test_an_unusable_debug_id_is_none(extracted, value):
    """It is one text of 512 characters at most."""
    assert None is extracted(Jaeger(), {"jaeger-debug-id": value})


def test_a_debug_id_is_sent_on():
    """Where nothing is recorded, the wish reaches the next service."""
    headers = {}
    Jaeger().inject(headers, Jaeger().extract({"jaeger-debug-id": "find me"}, _context.EMPTY))
    assert {"jaeger-debug-id": "find%20me"} == headers


def test_a_debug_decision_without_a_debug_id_makes_no_header():
    """B3 can demand recording without ids; Jaeger has no word for it."""
    headers = {}
    Jaeger().inject(headers, propagation.by_name(["b3"]).extract({"b3": "d"}, _context.EMPTY))
    assert {} == headers


def test_the_names_can_be_chosen(extracted):
    """As jaeger-client's Config has it; underscores in names are dashes."""
    mine = Jaeger("My_Trace", "ctx_", "my-debug", "my-baggage")
    headers = {}
    mine.inject(headers, Context(NonRecordingSpan(SpanContext(1, 2, 1)), {"k": "v"}))
    found = baggage_in({"CTX-a": "1", "my-baggage": "b=2", "uberctx-c": "3", "jaeger-baggage": "d=4"}, mine)
    assert ({"a": "1", "b": "2"}, {"ctx-k", "my-trace"}, (0, 0, 1, True), ("my-trace",)) == (
        found,
        set(headers),
        extracted(mine, {"my-debug": "x"}),
        mine.fields,
    )


def test_url_encoding_can_be_left_out():
    """In text maps jaeger-client encodes nothing; then what would end a header is not sent."""
    plain = Jaeger(url_encoding=False)
    headers = {}
    plain.inject(headers, Context(None, {"a": "x y%20+\u00e9", "evil": "1\r\nX-Evil: 2"}))
    assert ({"uberctx-a": "x y%20+\u00e9"}, {"a": "x y%20+\u00e9"}) == (headers, baggage_in(headers, plain))


def test_a_debug_id_that_cannot_be_a_header_is_not_sent_on():
    """Without encoding, a line break stays here."""
    values = {propagation.ROOT_ATTRIBUTES: {"jaeger-debug-id": "1\r\n2"}}
    asked = Jaeger().extract({"jaeger-debug-id": "x"}, _context.EMPTY)
    headers = {}
    Jaeger(url_encoding=False).inject(headers, Context(asked.span, {}, values))
    assert {} == headers
