"""Several formats at once: which is believed, what is merged, what goes out; names; the global propagator."""

from __future__ import annotations

import contextvars
import importlib
import sys

import pytest

from midspan import _trouble, baggage, propagation
from midspan import context as _context
from midspan.context import Context
from midspan.propagation import Composite, by_name
from midspan.propagation.jaeger import Jaeger
from midspan.propagation.tracecontext import TraceContext
from midspan.propagation.w3c_baggage import Baggage
from midspan.trace import NonRecordingSpan, SpanContext

NAMES = [
    "tracecontext",
    "baggage",
    "b3",
    "b3multi",
    "jaeger",
    "xray",
    "ottrace",
    "cloudtrace",
    "gcp",
    "opencensus-binary",
    "opencensus-tags",
    "opencensus-text",
    "datadog",
    "correlation-context",
]
W3C = {"traceparent": f"00-{'a' * 32}-{'a' * 16}-01"}
B3 = {"b3": f"{'b' * 32}-{'b' * 16}-1"}
JAEGER = {"uber-trace-id": f"{'c' * 32}:{'c' * 16}:0:1"}
A, B, C = (int(digit * 16, 16) for digit in "abc")


class Shouting:
    """A propagator of a third party: one header, one baggage item."""

    fields = ("x-shout",)

    def inject(self, carrier, context):
        carrier["x-shout"] = context.baggage.get("shout", "HEY")

    def extract(self, carrier, context):
        if "x-shout" not in carrier:
            return context
        return baggage.set_baggage("shout", carrier["x-shout"], context)


class Broken:
    """A propagator that fails."""

    fields = ("x-broken",)

    def inject(self, carrier, context):
        raise OSError("inject")

    def extract(self, carrier, context):
        raise OSError("extract")


class Confused(Broken):
    """A propagator that returns what is no context."""

    def extract(self, carrier, context):
        return 7


def span_id(propagator, *headers):
    """Return the id of the span that is found, None if none is."""
    carrier = {name: value for each in headers for name, value in each.items()}
    span = propagator.extract(carrier, _context.EMPTY).span
    return None if span is None else span.context.span_id


def test_the_first_format_that_finds_a_span_is_believed():
    """The order of the names is the order of preference."""
    assert [A, B, C, B] == [
        span_id(by_name(["tracecontext", "b3", "jaeger"]), W3C, B3, JAEGER),
        span_id(by_name(["b3", "tracecontext", "jaeger"]), W3C, B3, JAEGER),
        span_id(by_name(["tracecontext", "b3", "jaeger"]), JAEGER),
        span_id(by_name(["tracecontext", "b3", "jaeger"]), JAEGER, B3, {"traceparent": "broken"}),
    ]


@pytest.mark.parametrize("names", [["tracecontext", "b3", "jaeger"], ["b3", "jaeger", "tracecontext"]])
@pytest.mark.parametrize("decision", [{"b3": "0"}, {"b3": "d"}, {"jaeger-debug-id": "x"}])
def test_a_decision_without_ids_yields_to_a_trace(names, decision):
    """A valid span context counts, wherever its format stands."""
    assert A == span_id(by_name(names), W3C, decision)


def test_of_two_decisions_the_preferred_is_believed():
    """Without a trace, the first decision counts."""
    headers = {"b3": "0", "jaeger-debug-id": "x"}
    spans = [by_name(order).extract(headers).span.context for order in (["b3", "jaeger"], ["jaeger", "b3"])]
    assert [(0, False), (1, True)] == [(span.trace_flags, span.is_debug) for span in spans]


def test_baggage_of_all_formats_is_merged():
    """Where two differ about a name, the preferred one is believed."""
    headers = {"baggage": "a=w3c,b=w3c", "uberctx-b": "jaeger", "uberctx-c": "jaeger", "ot-baggage-d": "ot"}
    found = [by_name(names).extract(headers).baggage for names in (["baggage", "jaeger", "ottrace"],)]
    other = by_name(["jaeger", "baggage"]).extract(headers).baggage
    assert (
        [{"a": "w3c", "b": "w3c", "c": "jaeger", "d": "ot"}],
        {"a": "w3c", "b": "jaeger", "c": "jaeger"},
    ) == (
        found,
        other,
    )


def test_all_formats_are_written():
    """While a fleet migrates, each reader finds its own."""
    headers = {}
    context = Context(NonRecordingSpan(SpanContext(1, 2, 1)), {"k": "v"})
    by_name(["tracecontext", "baggage", "b3", "jaeger"]).inject(headers, context)
    assert {"traceparent", "baggage", "b3", "uber-trace-id", "uberctx-k"} == set(headers)


def test_the_preferred_format_writes_last():
    """Where two write the same header, the preferred one's stays."""
    plain, encoded = Jaeger(url_encoding=False), Jaeger()
    context = Context(baggage={"k": "a b"})
    written = []
    for members in ([plain, encoded], [encoded, plain]):
        headers = {}
        Composite(members).inject(headers, context)
        written.append(headers["uberctx-k"])
    assert ["a b", "a%20b"] == written


def test_fields_are_those_of_all():
    """Each once, the preferred format's first."""
    assert ("b3", "traceparent", "tracestate") == by_name(["b3", "tracecontext", "b3"]).fields


def test_composites_are_taken_apart():
    """A composite of composites is one list."""
    inner = Composite([TraceContext(), Baggage()])
    assert ["TraceContext", "Baggage", "Jaeger"] == [
        type(member).__name__ for member in Composite([inner, Jaeger()]).members
    ]


def test_nothing_composed_does_nothing():
    """`none` means that nothing is propagated."""
    headers = {}
    context = Context(NonRecordingSpan(SpanContext(1, 2, 1)), {"k": "v"})
    by_name(["none"]).inject(headers, context)
    assert ({}, context, ()) == (headers, by_name(["none"]).extract(W3C, context), by_name([]).fields)


def test_a_propagator_of_a_third_party_is_a_member_like_any_other():
    """It reads names in lower case, and takes part in the order of preference."""
    composite = Composite([TraceContext(), Shouting()])
    context = composite.extract({"X-Shout": "HO", **W3C})
    headers = {}
    composite.inject(headers, context)
    assert ({"x-shout": "HO", **W3C}, "HO") == (headers, context.baggage["shout"])


def test_a_third_party_that_finds_nothing_changes_nothing():
    """The very context comes back."""
    assert _context.EMPTY is Composite([Shouting()]).extract({}, _context.EMPTY)


@pytest.mark.parametrize("broken", [Broken(), Confused()])
def test_a_member_that_fails_does_not_silence_the_others(broken):
    """Its failure is reported, and the rest works."""
    composite = Composite([broken, TraceContext()])
    headers = {}
    composite.inject(headers, composite.extract(W3C, _context.EMPTY))
    assert (W3C, {"propagation.raised": 2}) == (headers, _trouble.counts())


class FailingBaggage(dict):
    """Baggage that cannot be read."""

    def __len__(self):
        return 1

    def items(self):
        raise OSError("gone")


@pytest.mark.parametrize("carrier", [{}, {"A": "b"}, []])
@pytest.mark.parametrize("names", [["tracecontext", "baggage"], ["jaeger"], ["baggage"]])
def test_baggage_that_cannot_be_read_harms_nobody(names, carrier):
    """The failure is reported, and what was written before it goes."""
    by_name(names).inject(carrier, Context(NonRecordingSpan(SpanContext(1, 2, 1)), FailingBaggage()))
    assert {"propagation.raised": 1} == _trouble.counts()


def test_baggage_without_a_member_that_can_be_sent_makes_no_header():
    """The trace goes by itself."""
    headers = {}
    propagation.inject(headers, Context(NonRecordingSpan(SpanContext(1, 2, 1)), {"a b": "1"}))
    assert {"traceparent"} == set(headers)


def test_a_composite_shows_its_members():
    """The repr tells what is in force."""
    assert "Composite([])" == repr(Composite([]))


@pytest.mark.parametrize("name", NAMES)
def test_each_name_makes_a_propagator(name):
    """The names of OTEL_PROPAGATORS, and midspan's own."""
    assert [True] == [bool(member.fields) for member in by_name([name]).members]


def test_an_unknown_name_is_refused():
    """The error says what is allowed."""
    with pytest.raises(ValueError, match=r"'b4'.*: b3, b3multi, baggage, cloudtrace, .*none, .*xray"):
        by_name(["tracecontext", "b4"])


def test_a_third_partys_name_is_found(tmp_path, monkeypatch):
    """An installed distribution offers a propagator by an entry point, and its name is allowed."""
    metadata = tmp_path / "shout-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: shout\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[midspan.propagators]\nshout = shout_for_tests:Shout\n")
    (tmp_path / "shout_for_tests.py").write_text(
        "class Shout:\n"
        "    fields = ('x-shout',)\n"
        "    def inject(self, carrier, context):\n"
        "        carrier['x-shout'] = 'HEY'\n"
        "    def extract(self, carrier, context):\n"
        "        return context\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    headers = {}
    by_name(["shout"]).inject(headers, _context.EMPTY)
    sys.modules.pop("shout_for_tests", None)
    with pytest.raises(ValueError, match="shout"):
        by_name(["whisper"])
    assert {"x-shout": "HEY"} == headers


def test_w3c_is_spoken_from_the_start():
    """Trace context and baggage work before anything is configured."""
    assert ("traceparent", "tracestate", "baggage") == tuple(propagation.get_global().fields)


@pytest.mark.parametrize(
    "propagator", [Composite([Jaeger()]), Jaeger(), by_name(["baggage", "tracecontext"])]
)
def test_the_global_propagator_can_be_set(propagator):
    """Both verbs use it from then on."""
    propagation.set_global(propagator)
    headers = {}
    propagation.inject(headers, Context(NonRecordingSpan(SpanContext(1, 2, 1))))
    assert (True, True, 2) == (
        propagation.get_global() is propagator,
        set(headers) <= set(propagator.fields),
        propagation.extract(headers).span.context.span_id,
    )


def test_the_first_propagator_can_be_restored():
    """None means the one that was there at the start."""
    first = propagation.get_global()
    propagation.set_global(Jaeger())
    propagation.set_global(None)
    assert (True, A) == (propagation.get_global() is first, propagation.extract(W3C).span.context.span_id)


def test_a_global_propagator_that_raises_is_reported():
    """Neither verb raises into the application."""
    propagation.set_global(Broken())
    headers = {}
    propagation.inject(headers)
    assert (_context.EMPTY, {}, 2) == (
        propagation.extract(W3C, _context.EMPTY),
        headers,
        _trouble.counts()["propagation.raised"],
    )


def test_the_current_context_is_the_default():
    """Both verbs, and a format by itself, begin with what is current."""
    context = Context(NonRecordingSpan(SpanContext(A, A, 1)), {"k": "v"})
    by_verb, by_format, by_composite = {}, {}, {}
    with _context.attached(context):
        propagation.inject(by_verb)
        TraceContext().inject(by_format)
        Composite([TraceContext(), Baggage()]).inject(by_composite)
        found = [
            propagation.extract({}).baggage,
            TraceContext().extract({}).baggage,
            Composite([TraceContext(), Baggage()]).extract({}).baggage,
        ]
    assert (by_verb, [{"k": "v"}] * 3, by_verb["traceparent"]) == (
        by_composite,
        found,
        by_format["traceparent"],
    )


def test_a_context_that_was_left_is_not_the_default():
    """A scope that was closed in another task is over for propagation too."""
    token = _context.attach(Context(baggage={"left": "1"}))
    contextvars.Context().run(_context.detach, token)
    assert {} == dict(propagation.extract({}).baggage)
