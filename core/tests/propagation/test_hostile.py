"""Headers from outside are hostile: whatever they are, nothing is raised, and no time is lost over them."""

from __future__ import annotations

import itertools
import time
import tracemalloc

import pytest

from core.tests.propagation import hostile
from midspan import context as _context
from midspan import propagation
from midspan.trace import SpanContext

NAMES = [
    "tracecontext",
    "baggage",
    "b3",
    "b3multi",
    "jaeger",
    "xray",
    "ottrace",
    "cloudtrace",
    "opencensus-binary",
    "opencensus-tags",
    "opencensus-text",
    "datadog",
    "correlation-context",
]
W3C = ["tracecontext", "baggage"]
SMALL, LARGE = 1_000, 16_000
PATTERNS = [
    "a",
    "0",
    "9",
    "-",
    ":",
    "%",
    "%3a",
    "%20",
    ",",
    "k=v,",
    "k=%41,",
    "k=v;",
    "= ",
    " ",
    "\u0663",
    ";Root=1-",
]


@pytest.mark.parametrize("names", [*([name] for name in NAMES), W3C, NAMES], ids="+".join)
def test_no_header_makes_a_propagator_raise(names):
    """What is found in 2,000 spoilt carriers can be sent on, and is found again."""
    propagator = propagation.by_name(names)
    for carrier in itertools.islice(hostile.carriers(len(names)), 2_000):
        context = propagator.extract(carrier, _context.EMPTY)
        headers = {}
        propagator.inject(headers, context)
        again = propagator.extract(headers, _context.EMPTY)
        assert identity(again) == identity(context), carrier


def identity(context):
    """Return what every format that can read it can also write."""
    span = context.span.context if context.span else SpanContext(0, 0)
    return (span.span_id, span.trace_flags & 1) if span.span_id else None


def test_the_spoilt_headers_are_not_all_beyond_repair():
    """The test above would show nothing if no parser came far."""
    propagator = propagation.by_name(NAMES)
    found = [
        propagator.extract(each, _context.EMPTY) for each in itertools.islice(hostile.carriers(1), 2_000)
    ]
    assert (True, True) == (
        200 < sum(context.span is not None for context in found) < 1_900,
        100 < sum(bool(context.baggage) for context in found) < 1_900,
    )


@pytest.mark.parametrize("value", [b"\xff" * 600, "\ud800" * 600, "\0" * 600, "\r\n" * 600])
def test_nothing_that_ends_a_header_is_written(value):
    """Baggage of any bytes leaves no line break in any header."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    headers = {}
    propagation.by_name(NAMES).inject(headers, _context.Context(baggage={"k": text, text: "v"}))
    assert [] == [name for name in headers if set("\r\n\0") & {*name, *str(headers[name])}]


def seconds(propagator, carrier):
    """Return the least CPU time of several extractions: the others were disturbed."""
    times = []
    for _ in range(7):
        begin = time.thread_time()
        propagator.extract(carrier, _context.EMPTY)
        times.append(time.thread_time() - begin)
    return min(times)


def grows_linearly(propagator, carrier_of):
    """Say whether 16 times the input takes far less than 256 times as long; noise is given five chances."""
    for _ in range(5):
        small, large = (seconds(propagator, carrier_of(size)) for size in (SMALL, LARGE))
        # Below 20 us, the call is all there is to measure.
        if large < 60 * max(small, 20e-6):
            return True
    return False


class Quadratic:
    """A propagator that takes a header apart over and over."""

    fields = ()

    def inject(self, carrier, context):
        """Write nothing."""

    def extract(self, carrier, context):
        text = carrier["x"]
        while len(text) > 16:
            text = text[16:]
            text.count("y")
        return context


def test_the_measure_sees_what_is_not_linear():
    """A parser whose time grows with the square of the length is told from the others."""
    assert not grows_linearly(Quadratic(), lambda size: {"x": "x" * size * 3})


@pytest.mark.parametrize("field", sorted({field for field, _ in hostile.HEADERS}))
def test_time_grows_with_the_length_of_a_header_at_most(field):
    """16 times as long a header takes no more than some 16 times as long, whatever it is made of."""
    propagator = propagation.by_name(NAMES)
    slow = [
        pattern
        for pattern in PATTERNS
        if not grows_linearly(propagator, lambda size, pattern=pattern: {field: (pattern * size)[:size]})
    ]
    assert [] == slow


@pytest.mark.parametrize("prefix", ["uberctx-", "ot-baggage-", "x-other-", "Title-"])
def test_time_grows_with_the_number_of_headers_at_most(prefix):
    """16 times as many headers take no more than some 16 times as long."""
    propagator = propagation.by_name(NAMES)
    assert grows_linearly(propagator, lambda size: {f"{prefix}{i}": "v" for i in range(size)})


@pytest.mark.parametrize("field", ["baggage", "tracestate", "traceparent", "correlation-context"])
def test_time_grows_with_the_repetitions_of_a_header_at_most(field):
    """The same header, sent over and over."""
    propagator = propagation.by_name(["tracecontext", "baggage", "correlation-context"])
    assert grows_linearly(propagator, lambda size: [(field, f"k{i}=v") for i in range(size)])


@pytest.mark.parametrize("flood", [b"k=v," * 1_000_000, ["k=v"] * 1_000_000, ("k=v", b"x" * 4_000_000)])
@pytest.mark.parametrize("field", ["baggage", "tracestate", "traceparent"])
def test_a_flood_is_not_copied(flood, field):
    """Of bytes and lists too, no more is looked at than the limits allow."""
    tracemalloc.start()
    propagation.extract({field: flood})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def test_what_is_kept_of_a_flood_is_bounded():
    """Ten megabytes of headers leave no more than the limits allow."""
    headers = {
        "baggage": "k=v," * 1_000_000,
        "jaeger-baggage": "k=v," * 1_000_000,
        **{f"uberctx-{i}": "x" * 100 for i in range(10_000)},
        **{f"ot-baggage-{i}": "x" * 100 for i in range(10_000)},
    }
    found = propagation.by_name(NAMES).extract(headers, _context.EMPTY).baggage
    assert sum(len(key) + len(value) for key, value in found.items()) < 3 * 8_192
