"""What every propagator keeps: a suite that the author of one subclasses."""

# ruff: noqa: S101 - a contract asserts

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from midspan import context, trace
from midspan.context import EMPTY, Context

if TYPE_CHECKING:
    from midspan.propagation import Propagator

__all__ = ["PropagatorContract"]

_TEXTS: Final = ("", " ", ",", ";=;=,,", "-", "0" * 32, "-".join("0" * 16), "\x00", "\ud800", "naïve", "%zz")
_LONG_TEXTS: Final = ("x" * 10_000, "00-" + "f" * 10_000, "a=b," * 5_000)
_NO_TEXTS: Final[tuple[Any, ...]] = (None, True, 5, -1, 1.5, b"\xff", b"", [], [None], {"a": 1}, object())
_JUNK: Final[tuple[Any, ...]] = (*_TEXTS, *_LONG_TEXTS, *_NO_TEXTS)
_FILLINGS: Final = ("0", "a", ",", ";", "=", "-", " ", "%", "a=b,", "a=b;", "0-", ", ", "% ")
_LONG: Final = 200_000
_LONGEST_S: Final = 0.5


class PropagatorContract:
    """Hold a propagator to what services on both sides rely on.

    Subclass it under a name that pytest collects, and say how to make one and what its format can carry.

        class TestMyFormat(PropagatorContract):
            carries_baggage = True

            def make_propagator(self):
                return MyFormat()
    """

    # What the format has room for.
    carries_trace: bool = True
    carries_unsampled: bool = True
    carries_baggage: bool = False
    # Ids that it can carry: some formats have but 64 bits for a trace.
    trace_id: int = 0x4BF92F3577B34DA6A3CE929D0E0E4736
    span_id: int = 0x00F067AA0BA902B7
    # Baggage that it can carry.
    baggage: dict[str, str] = {"tenant": "acme", "user": "a b"}  # noqa: RUF012 - nobody changes it

    def make_propagator(self) -> Propagator:
        """Return the propagator."""
        raise NotImplementedError

    def test_a_trace_arrives(self) -> None:
        """Ids and the decision of the caller are the same on the other side, and known to be remote."""
        decisions = (1, 0) if self.carries_unsampled else (1,)
        for flags in decisions if self.carries_trace else ():
            found = self._roundtrip(self._outgoing(flags)).span
            assert found is not None, "the trace did not arrive"
            arrived = found.context
            assert (arrived.trace_id, arrived.span_id) == (self.trace_id, self.span_id), "ids changed"
            assert arrived.is_sampled is bool(flags), "the decision changed"
            assert arrived.is_remote, "a context from outside has is_remote=True"

    def test_baggage_arrives(self) -> None:
        """Names and values are the same on the other side, without a trace as well."""
        for outgoing in (self._outgoing(), EMPTY.with_baggage(self.baggage)):
            arrived = dict(self._roundtrip(outgoing).baggage)
            expected = self.baggage if self.carries_baggage else {}
            assert arrived == expected, f"of the baggage {self.baggage}, {arrived} arrived"

    def test_what_is_written_is_announced(self) -> None:
        """Headers are text; `fields` lists their names in lower case, but for names that baggage gives."""
        fields = list(self.make_propagator().fields)
        assert fields, "fields is empty: nobody knows which headers to let through"
        assert fields == [field.lower() for field in fields], f"fields are in lower case, not {fields}"
        for name, value in self._injected(self._outgoing()).items():
            is_text = type(name) is str and type(value) is str
            assert is_text, f"{name!r}: {value!r} is not text"
        for name in self._injected(self._outgoing().with_baggage({})):
            assert name.lower() in fields, f"{name} is not among the fields {fields}"

    def test_nothing_is_written_of_nothing(self) -> None:
        """Without span and baggage a carrier stays as it was."""
        assert self._injected(EMPTY) == {}, "headers were written for an empty context"

    def test_nothing_is_read_from_nothing(self) -> None:
        """A carrier without the format's headers gives the very context back."""
        for carrier in ({}, {"host": "example", "accept": "*/*"}):
            base = self._base()
            assert self.make_propagator().extract(carrier, base) is base, f"something was read from {carrier}"

    def test_names_of_headers_have_no_case(self) -> None:
        """Servers and proxies change the case of names."""
        headers, propagator = self._injected(self._outgoing()), self.make_propagator()
        plain = propagator.extract(headers, EMPTY)
        for change in (str.upper, str.title, str.lower):
            found = propagator.extract({change(name): value for name, value in headers.items()}, EMPTY)
            assert _seen(found) == _seen(plain), f"with names changed by {change.__name__}, {found} arrived"

    def test_carriers_are_left_as_they_are(self) -> None:
        """Writing touches no header of others; reading none at all."""
        carrier: dict[str, Any] = {"host": "example"}
        self.make_propagator().inject(carrier, self._outgoing())
        assert carrier["host"] == "example", "inject changed a header that is not its own"
        before = dict(carrier)
        self.make_propagator().extract(carrier, EMPTY)
        assert carrier == before, "extract changed the carrier"

    def test_the_latest_injection_counts(self) -> None:
        """A client that retries with the same headers sends what is true then."""
        carrier: dict[str, str] = {}
        other = Context(trace.NonRecordingSpan(trace.SpanContext(self.trace_id, self.span_id ^ 1, 1)))
        for outgoing in (other, self._outgoing()):
            self.make_propagator().inject(carrier, outgoing)
        found = self.make_propagator().extract(carrier, EMPTY)
        assert _seen(found) == _seen(self._roundtrip(self._outgoing())), "the headers of before won"

    def test_what_was_known_stays(self) -> None:
        """Values of the context that others put there are kept."""
        found = self.make_propagator().extract(self._injected(self._outgoing()), self._base())
        assert found.values.get(_KEY) == "value", "extract lost a value of the context"
        assert context.current().values.get(_KEY) is None, "extract made its result current"

    def test_junk_harms_nobody(self) -> None:
        """Whatever stands in the headers, nothing is raised, and what comes back is a context."""
        propagator = self.make_propagator()
        good = self._injected(self._outgoing())
        for field in {*propagator.fields, *good}:
            for junk in _JUNK:
                for carrier in ({field: junk}, {**good, field: junk}, [(field, junk), (field, junk)]):
                    found = propagator.extract(carrier, EMPTY)
                    assert isinstance(found, Context), f"{carrier!r} made {found!r}"

    def test_long_headers_take_no_time(self) -> None:
        """However many characters come, they are read, or refused, at once."""
        propagator = self.make_propagator()
        for filling in _FILLINGS:
            long = (filling * _LONG)[:_LONG]
            before = time.process_time()
            for field in propagator.fields:
                propagator.extract({field: long}, EMPTY)
            took_s = time.process_time() - before
            assert took_s < _LONGEST_S, f"{_LONG} characters of {filling!r} took {took_s:.1f} s"

    def _outgoing(self, flags: int = 1) -> Context:
        span = trace.NonRecordingSpan(trace.SpanContext(self.trace_id, self.span_id, flags))
        return Context(span, self.baggage)

    def _injected(self, outgoing: Context) -> dict[str, str]:
        headers: dict[str, str] = {}
        self.make_propagator().inject(headers, outgoing)
        return headers

    def _roundtrip(self, outgoing: Context) -> Context:
        return self.make_propagator().extract(self._injected(outgoing), EMPTY)

    @staticmethod
    def _base() -> Context:
        return EMPTY.with_value(_KEY, "value")


_KEY: Final = object()


def _seen(found: Context) -> tuple[trace.SpanContext | None, dict[str, str]]:
    return None if found.span is None else found.span.context, dict(found.baggage)
