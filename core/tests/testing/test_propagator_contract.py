"""The contract of propagators: midspan's own keep it, and each breach fails the test that names it."""

from __future__ import annotations

from typing import Any

import pytest

from midspan import propagation, trace
from midspan.context import Context
from midspan.testing import PropagatorContract


class TestTraceContext(PropagatorContract):
    """W3C Trace Context."""

    def make_propagator(self):
        return propagation.by_name(["tracecontext"])


class TestBaggage(PropagatorContract):
    """W3C Baggage."""

    carries_trace = False
    carries_baggage = True

    def make_propagator(self):
        return propagation.by_name(["baggage"])


class TestTheDefault(PropagatorContract):
    """Both of them together."""

    carries_baggage = True

    def make_propagator(self):
        return propagation.by_name(["tracecontext", "baggage"])


class TestB3(PropagatorContract):
    """B3 in one header."""

    def make_propagator(self):
        return propagation.by_name(["b3"])


class TestB3Multi(PropagatorContract):
    """B3 in several headers."""

    def make_propagator(self):
        return propagation.by_name(["b3multi"])


class TestJaeger(PropagatorContract):
    """Jaeger's headers, with baggage in headers of their own."""

    carries_baggage = True

    def make_propagator(self):
        return propagation.by_name(["jaeger"])


class TestXRay(PropagatorContract):
    """AWS X-Ray's header."""

    def make_propagator(self):
        return propagation.by_name(["xray"])


class TestAll(PropagatorContract):
    """Several formats at once, as while a fleet migrates."""

    carries_baggage = True

    def make_propagator(self):
        return propagation.by_name(["tracecontext", "baggage", "b3", "b3multi", "jaeger"])


class Good:
    """A small format: two headers. The breaches below are made of it."""

    fields = ("x-trace", "x-bag")

    def inject(self, carrier: Any, context: Context) -> None:
        if context.span is not None:
            found = context.span.context
            carrier["x-trace"] = f"{found.trace_id:x}-{found.span_id:x}-{found.trace_flags}"
        if context.baggage:
            carrier["x-bag"] = ",".join(f"{name}={value}" for name, value in context.baggage.items())

    def extract(self, carrier: Any, context: Context) -> Context:
        try:
            headers = {name.lower(): value for name, value in carrier.items()}
        except AttributeError:
            return context
        return self.read(headers, context)

    def read(self, headers: dict[str, Any], context: Context) -> Context:
        """Return the context that headers make of another."""
        bag = headers.get("x-bag")
        if type(bag) is str and "=" in bag:
            pairs = (pair.partition("=")[::2] for pair in bag[:8192].split(","))
            context = context.with_baggage({**context.baggage, **dict(pairs)})
        parts = str(headers.get("x-trace"))[:64].split("-")
        try:
            trace_id, span_id, flags = (int(part, 16) for part in parts)
        except ValueError:
            return context
        identity = trace.SpanContext(trace_id, span_id, flags & 1, is_remote=True)
        return context.with_span(trace.NonRecordingSpan(identity)) if identity.is_valid else context


class TestGood(PropagatorContract):
    """What any propagator may look like."""

    carries_baggage = True
    propagator: type[Good] = Good

    def make_propagator(self) -> Good:
        return self.propagator()


class Undecided(Good):
    """Samples whatever comes."""

    def read(self, headers: dict[str, Any], context: Context) -> Context:
        found = super().read(headers, context)
        if found.span is None:
            return found
        return found.with_span(trace.NonRecordingSpan(found.span.context._replace(trace_flags=1)))


class Local(Good):
    """Forgets that the caller is elsewhere."""

    def read(self, headers: dict[str, Any], context: Context) -> Context:
        found = super().read(headers, context)
        if found.span is None:
            return found
        return found.with_span(trace.NonRecordingSpan(found.span.context._replace(is_remote=False)))


class Lossy(Good):
    """Leaves baggage at home when there is no trace."""

    def inject(self, carrier: Any, context: Context) -> None:
        if context.span is not None:
            super().inject(carrier, context)


class Secret(Good):
    """Announces nothing."""

    fields = ()


class Numeric(Good):
    """Writes what is no text."""

    def inject(self, carrier: Any, context: Context) -> None:
        super().inject(carrier, context)
        carrier["x-trace-version"] = 1


class Chatty(Good):
    """Writes headers of nothing."""

    def inject(self, carrier: Any, context: Context) -> None:
        super().inject(carrier, context)
        carrier.setdefault("x-trace", "none")


class Eager(Good):
    """Finds something everywhere."""

    def extract(self, carrier: Any, context: Context) -> Context:
        return super().extract(carrier, context).with_baggage({})


class Exact(Good):
    """Knows one spelling of its headers."""

    def extract(self, carrier: Any, context: Context) -> Context:
        return self.read(carrier, context) if isinstance(carrier, dict) else context


class Greedy(Good):
    """Takes out what it reads."""

    def extract(self, carrier: Any, context: Context) -> Context:
        found = super().extract(carrier, context)
        if isinstance(carrier, dict):
            carrier.pop("x-trace", None)
        return found


class Timid(Good):
    """Leaves headers of before in place."""

    def inject(self, carrier: Any, context: Context) -> None:
        if "x-trace" not in carrier:
            super().inject(carrier, context)


class Forgetful(Good):
    """Begins with an empty context."""

    def read(self, headers: dict[str, Any], context: Context) -> Context:
        found = super().read(headers, Context())
        return found if found.span is not None or found.baggage else context


class Fragile(Good):
    """Trusts what comes in."""

    def read(self, headers: dict[str, Any], context: Context) -> Context:
        if "x-trace" in headers:
            int(headers["x-trace"].split("-")[0], 16)
        return super().read(headers, context)


class Quadratic(Good):
    """Takes long over what is long."""

    def read(self, headers: dict[str, Any], context: Context) -> Context:
        rest = headers.get("x-bag", "") * 2
        while type(rest) is str and rest:
            rest = rest[1:]
        return super().read(headers, context)


@pytest.mark.parametrize(
    ("propagator", "breached"),
    [
        (Undecided, "test_a_trace_arrives"),
        (Local, "test_a_trace_arrives"),
        (Lossy, "test_baggage_arrives"),
        (Secret, "test_what_is_written_is_announced"),
        (Numeric, "test_what_is_written_is_announced"),
        (Chatty, "test_nothing_is_written_of_nothing"),
        (Eager, "test_nothing_is_read_from_nothing"),
        (Exact, "test_names_of_headers_have_no_case"),
        (Greedy, "test_carriers_are_left_as_they_are"),
        (Timid, "test_the_latest_injection_counts"),
        (Forgetful, "test_what_was_known_stays"),
        (Fragile, "test_junk_harms_nobody"),
        (Quadratic, "test_long_headers_take_no_time"),
    ],
)
def test_a_breach_fails_its_test(propagator, breached):
    """Each test of the contract notices what it is about."""
    suite: Any = TestGood()
    suite.propagator = propagator
    with pytest.raises((AssertionError, AttributeError, ValueError)):
        getattr(suite, breached)()


def test_the_author_has_to_say_how():
    """A contract alone makes no propagator."""
    with pytest.raises(NotImplementedError):
        PropagatorContract().make_propagator()
