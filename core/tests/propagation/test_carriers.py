"""Whatever people keep headers in is a carrier; one that fails is reported, and harms nobody."""

from __future__ import annotations

import http.client
import io
import types
from collections import OrderedDict, UserDict
from email.message import Message
from wsgiref.headers import Headers as WSGIHeaders
from wsgiref.util import setup_testing_defaults

import pytest

from midspan import _trouble, propagation
from midspan import context as _context
from midspan.context import Context
from midspan.propagation.tracecontext import TraceContext
from midspan.trace import NonRecordingSpan, SpanContext

HEADER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTEXT = Context(NonRecordingSpan(SpanContext(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, 1)))


class PairsFromItems:
    """Not a mapping, but `items()` gives pairs, as the headers of many frameworks do."""

    def __init__(self, *pairs):
        self._pairs = pairs

    def items(self):
        yield from self._pairs


class IteratesPairs(PairsFromItems):
    """Iterating gives pairs, not names, as werkzeug's headers do."""

    def __iter__(self):
        return iter(self._pairs)

    def get(self, name, default=None):
        raise AssertionError("must not be needed")


class Failing(dict):
    """A mapping that fails wherever it is touched."""

    def items(self):
        raise OSError("gone")

    def __setitem__(self, name, value):
        raise OSError("gone")


class FailingName(str):
    __slots__ = ()

    def lower(self):
        raise ValueError("no")


def http_message(raw):
    """Return the headers of a request as http.client and http.server parse them."""
    return http.client.parse_headers(io.BytesIO(raw))


def wsgi_environ(**headers):
    """Return a WSGI environment."""
    environ = {}
    setup_testing_defaults(environ)
    return {**environ, **headers}


@pytest.mark.parametrize(
    "carrier",
    [
        {"traceparent": HEADER},
        {"Traceparent": HEADER},
        {"TRACEPARENT": HEADER, "Accept": "*/*"},
        {b"traceparent": HEADER.encode()},
        {"traceparent": [HEADER], 7: object(), None: None, ("a", "b"): 1},
        OrderedDict({"Traceparent": HEADER}),
        UserDict({"Traceparent": HEADER}),
        types.MappingProxyType({"TraceParent": HEADER}),
        [("host", "x"), ("Traceparent", HEADER)],
        [["Traceparent", HEADER]],
        [(b"host", b"x"), (b"traceparent", HEADER.encode())],
        (("traceparent", HEADER),),
        [None, 7, "ab", ("only one",), ("a", "b", "c"), ("traceparent", HEADER)],
        http_message(b"Host: x\r\nTraceParent: " + HEADER.encode() + b"\r\n\r\n"),
        WSGIHeaders([("Traceparent", HEADER)]),
        PairsFromItems(("TraceParent", HEADER)),
        IteratesPairs(("TraceParent", HEADER)),
        wsgi_environ(HTTP_TRACEPARENT=HEADER),
    ],
    ids=lambda carrier: type(carrier).__name__,
)
def test_a_span_is_found_in_any_carrier(carrier):
    """Names have no case; all may be text or bytes; values may be lists; other things are no headers."""
    assert "00f067aa0ba902b7" == f"{propagation.extract(carrier).span.context.span_id:016x}"


def test_a_generator_of_pairs_is_a_carrier():
    """Once is enough."""
    found = propagation.extract(pair for pair in [("traceparent", HEADER)])
    assert found.span.context.is_valid


@pytest.mark.parametrize(
    "carrier",
    [
        [("traceparent", HEADER), ("traceparent", HEADER)],
        [("traceparent", HEADER), ("Traceparent", HEADER), ("TRACEPARENT", HEADER)],
        http_message(f"traceparent: {HEADER}\r\nTraceparent: {HEADER}\r\n\r\n".encode()),
    ],
)
def test_a_header_that_may_come_once_is_none_if_it_comes_twice(carrier):
    """However it is spelled: whom to believe cannot be told."""
    assert None is propagation.extract(carrier).span


@pytest.mark.parametrize("more", [{}, {"tracestate": "a=1", "baggage": "k=v"}])
def test_in_a_dictionary_the_name_in_lower_case_counts(more):
    """It stands for one header each; another spelling was there before somebody injected."""
    carrier = {"TraceParent": HEADER, "traceparent": HEADER.replace("2b7", "2b8"), "Traceparent": "x", **more}
    assert 0x00F067AA0BA902B8 == propagation.extract(carrier).span.context.span_id


def test_headers_of_a_request_are_not_taken_for_those_of_a_gateway():
    """A header called as WSGI calls headers was sent by a client, past whoever strips the real one."""
    assert None is propagation.extract({"HTTP_TRACEPARENT": HEADER, "wsgi.version": "(1, 0)"}).span


def test_a_gateways_other_variables_are_no_headers():
    """What is not called HTTP_... does not come from the request's headers."""
    assert None is propagation.extract(wsgi_environ(TRACEPARENT=HEADER)).span


def test_a_header_with_dashes_is_found_in_a_wsgi_environment():
    """Underscores stand for dashes there."""
    b3 = propagation.by_name(["b3multi"])
    environ = wsgi_environ(HTTP_X_B3_TRACEID="1", HTTP_X_B3_SPANID="2", HTTP_X_B3_SAMPLED="1")
    assert SpanContext(1, 2, 1, is_remote=True) == b3.extract(environ, _context.EMPTY).span.context


@pytest.mark.parametrize("carrier", [None, {}, [], (), "", b"", {"a": "b"}])
def test_nothing_there_is_nothing_found(carrier):
    """The context that was given comes back, the very object, without a word."""
    assert (True, {}) == (propagation.extract(carrier, CONTEXT) is CONTEXT, _trouble.counts())


@pytest.mark.parametrize("carrier", [7, 1.5, object(), Failing(A="b"), [(FailingName("A"), "b")]])
def test_a_carrier_that_fails_is_reported(carrier):
    """Nothing is raised, nothing is found, and the trouble is counted."""
    assert (True, {"propagation.carrier": 1}) == (
        propagation.extract(carrier, CONTEXT) is CONTEXT,
        _trouble.counts(),
    )


def test_a_carrier_is_not_changed_by_reading():
    """Repeated headers are put together elsewhere."""
    carrier = [("tracestate", ["a=1"]), ("tracestate", "b=2"), ("traceparent", HEADER)]
    propagation.extract(carrier)
    assert [("tracestate", ["a=1"]), ("tracestate", "b=2"), ("traceparent", HEADER)] == carrier


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        ({}, {"traceparent": HEADER}),
        ({"a": "b"}, {"a": "b", "traceparent": HEADER}),
        ({"traceparent": "old"}, {"traceparent": HEADER}),
        ({"Traceparent": "old", "A": "b"}, {"A": "b", "traceparent": HEADER}),
        ({"TRACEPARENT": "old", 5: "b"}, {5: "b", "traceparent": HEADER}),
        (OrderedDict(TraceParent="old"), {"traceparent": HEADER}),
        (UserDict(TraceParent="old"), UserDict(traceparent=HEADER)),
        ([], [("traceparent", HEADER)]),
        ([("A", "b"), ("Traceparent", "old")], [("A", "b"), ("traceparent", HEADER)]),
        ([(b"a", b"b"), (b"Traceparent", b"old")], [(b"a", b"b"), (b"traceparent", HEADER.encode())]),
    ],
)
def test_a_header_is_written_once(carrier, expected):
    """It takes the place of those that were called so before, in any spelling."""
    propagation.inject(carrier, CONTEXT)
    assert expected == carrier


def test_a_message_gets_a_header_once():
    """`email.message.Message`, which http.client's headers are, would add where others replace."""
    carrier = Message()
    carrier["Traceparent"] = "old"
    propagation.inject(carrier, CONTEXT)
    assert [HEADER] == carrier.get_all("traceparent")


def test_binary_values_stay_binary():
    """In a list of byte pairs, text becomes bytes and bytes stay what they are."""
    carrier = [(b"te", b"trailers")]
    propagation.by_name(["opencensus-binary", "tracecontext"]).inject(carrier, CONTEXT)
    assert {b"te": bytes, b"grpc-trace-bin": bytes, b"traceparent": bytes} == {
        name: type(value) for name, value in carrier
    }


@pytest.mark.parametrize("carrier", [None, 7, (), object(), Failing(), types.MappingProxyType({}), [5]])
def test_a_carrier_that_cannot_be_written_is_reported(carrier):
    """Nothing is raised, and the trouble is counted."""
    propagation.inject(carrier, CONTEXT)
    assert {"propagation.carrier": 1} == _trouble.counts()


def test_a_format_by_itself_does_not_raise_either():
    """Bridges use formats without the verbs of this package."""
    TraceContext().inject(Failing(a="b"), CONTEXT)
    assert (CONTEXT, 2) == (
        TraceContext().extract(Failing(a="b"), CONTEXT),
        _trouble.counts()["propagation.carrier"],
    )


def test_a_setter_writes_what_is_no_carrier():
    """It is called for each header."""
    sent = []
    propagation.inject("a connection", CONTEXT, setter=lambda *call: sent.append(call))
    assert [("a connection", "traceparent", HEADER)] == sent


def test_a_getter_reads_what_is_no_carrier():
    """It gives what is one."""
    scope = {"type": "http", "headers": [(b"traceparent", HEADER.encode())]}
    assert propagation.extract(scope, getter=lambda scope: scope["headers"]).span.context.is_valid


def test_a_setter_that_raises_is_reported():
    """The application does not notice."""

    def setter(carrier, name, value):
        raise OSError("closed")

    propagation.inject({}, CONTEXT, setter=setter)
    assert {"propagation.raised": 1} == _trouble.counts()


def test_a_getter_that_raises_is_reported():
    """The application does not notice."""

    def getter(carrier):
        raise OSError("closed")

    assert (CONTEXT, {"propagation.raised": 1}) == (
        propagation.extract({}, CONTEXT, getter=getter),
        _trouble.counts(),
    )


def test_strict_mode_raises():
    """A test may want to see what an application must not."""
    _trouble.set_strict(True)
    try:
        with pytest.raises(OSError, match="gone"):
            propagation.extract(Failing(A="b"))
    finally:
        _trouble.set_strict(False)
