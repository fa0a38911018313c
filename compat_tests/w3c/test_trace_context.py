"""The 41 cases of the W3C's validation suite for Trace Context (strict, Level 2), each under its name there.

Written anew for a real service over real HTTP, once behind http.server and once behind a WSGI gateway. The
peer passes 38 of them.
"""

from __future__ import annotations

import pytest

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
IDS = f"{TRACE_ID}-{PARENT_ID}"


def traceparent(value=f"00-{IDS}-01"):
    """Return a header."""
    return ("traceparent", value)


def tracestate(value):
    """Return a header."""
    return ("tracestate", value)


def assert_continued(sent):
    """The call belongs to the caller's trace, and names a span of ours."""
    assert (TRACE_ID, True) == (sent.trace_id, sent.parent_id != PARENT_ID)


def assert_begun(sent):
    """The call belongs to a trace that began here."""
    assert sent.trace_id != TRACE_ID


# The traceparent header


def test_both_traceparent_and_tracestate_missing(call):
    """Without a header, a valid trace begins."""
    assert {} == call().state


def test_traceparent_included_tracestate_missing(call):
    """A traceparent is enough to continue a trace."""
    assert_continued(call(traceparent()))


def test_traceparent_duplicated(call):
    """Of two traceparents, none can be believed."""
    other = "1" * 32
    sent = call(traceparent(), traceparent(f"00-{other}-{PARENT_ID}-01"))
    assert sent.trace_id not in (TRACE_ID, other)


@pytest.mark.parametrize("name", ["trace-parent", "trace.parent", "trace_parent"])
def test_traceparent_header_name(call, name):
    """The header has one name, without punctuation."""
    assert_begun(call((name, f"00-{IDS}-01")))


@pytest.mark.parametrize("name", ["TraceParent", "TRACEPARENT", "tRaCePaReNt"])
def test_traceparent_header_name_valid_casing(call, name):
    """The header's name has no case."""
    assert_continued(call((name, f"00-{IDS}-01")))


@pytest.mark.parametrize("rest", [".", "-", "-what-comes-next"])
def test_traceparent_version_0x00(call, rest):
    """In version 00 nothing follows the flags."""
    assert_begun(call(traceparent(f"00-{IDS}-01{rest}")))


@pytest.mark.parametrize(
    ("rest", "good"), [("", True), ("-what-comes-next", True), (".what-comes-next", False)]
)
def test_traceparent_version_0xcc(call, rest, good):
    """Of a version to come the known part counts, if a dash sets the rest apart."""
    sent = call(traceparent(f"cc-{IDS}-01{rest}"))
    (assert_continued if good else assert_begun)(sent)


def test_traceparent_version_0xff(call):
    """Version ff is forbidden."""
    assert_begun(call(traceparent(f"ff-{IDS}-01")))


@pytest.mark.parametrize("version", [".0", "0.", "G0", "0G"])
def test_traceparent_version_illegal_characters(call, version):
    """A version is made of hexadecimal digits."""
    assert_begun(call(traceparent(f"{version}-{IDS}-01")))


@pytest.mark.parametrize("version", ["000", "0000"])
def test_traceparent_version_too_long(call, version):
    """A version has two digits."""
    assert_begun(call(traceparent(f"{version}-{IDS}-01")))


def test_traceparent_version_too_short(call):
    """A version has two digits."""
    assert_begun(call(traceparent(f"0-{IDS}-01")))


def test_traceparent_trace_id_all_zero(call):
    """Zeros are no trace id, and are never sent."""
    assert "0" * 32 != call(traceparent(f"00-{'0' * 32}-{PARENT_ID}-01")).trace_id


@pytest.mark.parametrize("trace_id", [f".{TRACE_ID[1:]}", f"{TRACE_ID[:-1]}.", TRACE_ID.upper()])
def test_traceparent_trace_id_illegal_characters(call, trace_id):
    """A trace id is made of hexadecimal digits in lower case."""
    sent = call(traceparent(f"00-{trace_id}-{PARENT_ID}-01"))
    assert trace_id.strip(".").lower() not in sent.trace_id


def test_traceparent_trace_id_too_long(call):
    """A trace id has 32 digits; neither its beginning nor its end is taken instead."""
    sent = call(traceparent(f"00-{TRACE_ID}e-{PARENT_ID}-01"))
    assert sent.trace_id not in (TRACE_ID, f"{TRACE_ID[1:]}e")


def test_traceparent_trace_id_too_short(call):
    """A trace id has 32 digits; it is not padded."""
    assert TRACE_ID[:-1] not in call(traceparent(f"00-{TRACE_ID[:-1]}-{PARENT_ID}-01")).trace_id


def test_traceparent_parent_id_all_zero(call):
    """Zeros are no span's id."""
    assert_begun(call(traceparent(f"00-{TRACE_ID}-{'0' * 16}-01")))


@pytest.mark.parametrize("parent_id", [f".{PARENT_ID[1:]}", f"{PARENT_ID[:-1]}.", PARENT_ID.upper()])
def test_traceparent_parent_id_illegal_characters(call, parent_id):
    """A span's id is made of hexadecimal digits in lower case."""
    assert_begun(call(traceparent(f"00-{TRACE_ID}-{parent_id}-01")))


def test_traceparent_parent_id_too_long(call):
    """A span's id has 16 digits."""
    assert_begun(call(traceparent(f"00-{IDS}1-01")))


def test_traceparent_parent_id_too_short(call):
    """A span's id has 16 digits."""
    assert_begun(call(traceparent(f"00-{IDS[:-1]}-01")))


@pytest.mark.parametrize("flags", [".0", "0.", "0G", "0A"])
def test_traceparent_trace_flags_illegal_characters(call, flags):
    """Flags are made of hexadecimal digits in lower case."""
    assert_begun(call(traceparent(f"00-{IDS}-{flags}")))


def test_traceparent_trace_flags_too_long(call):
    """Flags have two digits."""
    assert_begun(call(traceparent(f"00-{IDS}-001")))


def test_traceparent_trace_flags_too_short(call):
    """Flags have two digits."""
    assert_begun(call(traceparent(f"00-{IDS}-1")))


@pytest.mark.parametrize(("before", "after"), [(" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t")])
def test_traceparent_ows_handling(call, before, after):
    """White space around a value belongs to HTTP."""
    assert_continued(call(traceparent(f"{before}00-{IDS}-01{after}")))


# The tracestate header


@pytest.mark.parametrize("state", ["foo=1", "foo=1,bar=2"])
def test_tracestate_included_traceparent_missing(call, state):
    """Without a trace, vendor data is discarded."""
    assert {} == call(tracestate(state)).state


def test_tracestate_included_traceparent_included(call):
    """Vendor data goes along with its trace."""
    sent = call(traceparent(), tracestate("foo=1,bar=2"))
    assert_continued(sent)
    assert {"foo": "1", "bar": "2"} == sent.state


@pytest.mark.parametrize("name", ["trace-state", "trace.state", "trace_state"])
def test_tracestate_header_name(call, name):
    """The header has one name, without punctuation."""
    assert {} == call(traceparent(), (name, "foo=1")).state


@pytest.mark.parametrize("name", ["TraceState", "TRACESTATE", "tRaCeStAtE"])
def test_tracestate_header_name_valid_casing(call, name):
    """The header's name has no case."""
    assert {"foo": "1"} == call(traceparent(), (name, "foo=1")).state


@pytest.mark.parametrize(
    ("states", "expected"), [([""], {}), (["foo=1", ""], {"foo": "1"}), (["", "foo=1"], {"foo": "1"})]
)
def test_tracestate_empty_header(call, states, expected):
    """An empty list is allowed, and adds nothing."""
    sent = call(traceparent(), *map(tracestate, states))
    assert_continued(sent)
    assert expected == sent.state


def test_tracestate_multiple_headers_different_keys(call):
    """Several headers are one list, in their order."""
    sent = call(traceparent(), tracestate("foo=1,bar=2"), tracestate("rojo=1,congo=2"), tracestate("baz=3"))
    assert [("foo", "1"), ("bar", "2"), ("rojo", "1"), ("congo", "2"), ("baz", "3")] == list(
        sent.state.items()
    )


@pytest.mark.parametrize("states", [["foo=1,foo=1"], ["foo=1,foo=2"], ["foo=1", "foo=1"], ["foo=1", "foo=2"]])
def test_tracestate_duplicated_keys(call, states):
    """A key that comes twice does no harm: the first counts."""
    sent = call(traceparent(), *map(tracestate, states))
    assert_continued(sent)
    assert {"foo": "1"} == sent.state


@pytest.mark.parametrize("vendor", ["", "@a-z0-9_-*/"])
def test_tracestate_all_allowed_characters(call, vendor):
    """All that the grammar allows arrives as it was."""
    key = f"abcdefghijklmnopqrstuvwxyz0123456789_-*/{vendor}"
    value = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in ",=")
    assert {key: value} == call(traceparent(), tracestate(f"{key}={value}")).state


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("foo=1 \t , \t bar=2, \t baz=3", {"foo": "1", "bar": "2", "baz": "3"}),
        ("foo=1\t \t,\t \tbar=2,\t \tbaz=3", {"foo": "1", "bar": "2", "baz": "3"}),
        *[(state, {"foo": "1"}) for state in (" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t")],
    ],
)
def test_tracestate_ows_handling(call, state, expected):
    """White space around members is no part of them."""
    assert expected == call(traceparent(), tracestate(state)).state


@pytest.mark.parametrize("key", ["foo ", "FOO", "foo.bar", "fOO", "_foo"])
def test_tracestate_key_illegal_characters(call, key):
    """A bad key makes the list worthless."""
    assert {} == call(traceparent(), tracestate(f"{key}=1")).state


@pytest.mark.parametrize(
    ("key", "good"), [("foo@", True), ("foo@@bar", True), ("foo@bar@baz", True), ("@foo", False)]
)
def test_tracestate_key_illegal_vendor_format(call, key, good):
    """In Level 2 an at sign may stand anywhere in a key but at its beginning."""
    expected = {key: "1", "bar": "2"} if good else {}
    assert expected == call(traceparent(), tracestate(f"{key}=1,bar=2")).state


@pytest.mark.parametrize(("count", "kept"), [(32, 32), (33, 0)])
def test_tracestate_member_count_limit(call, count, kept):
    """A list has 32 members, over however many headers; a longer one is discarded."""
    members = [f"bar{number:02}={number}" for number in range(count)]
    states = [tracestate(",".join(members[at : at + 10])) for at in range(0, count, 10)]
    assert kept == len(call(traceparent(), *states).state)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("z" * 256, True),
        ("z" * 257, False),
        (f"{'t' * 241}@{'v' * 14}", True),
        (f"{'t' * 242}@v", True),
        (f"t@{'v' * 15}", True),
    ],
)
def test_tracestate_key_length_limit(call, key, good):
    """A key has 256 characters at most, wherever its at sign stands."""
    expected = {"foo": "1", key: "1"} if good else {}
    assert expected == call(traceparent(), tracestate("foo=1"), tracestate(f"{key}=1")).state


@pytest.mark.parametrize("state", ["foo=bar=baz", "foo=,bar=3"])
def test_tracestate_value_illegal_characters(call, state):
    """A value holds no equals sign, and is not empty."""
    assert {} == call(traceparent(), tracestate(state)).state


# Several calls


def test_multiple_requests_with_valid_traceparent(calls):
    """All calls of a request continue its trace, each from a span of its own."""
    made = calls(traceparent(), times=3)
    assert ({TRACE_ID}, 3) == ({each.trace_id for each in made}, len({each.parent_id for each in made}))


def test_multiple_requests_without_traceparent(calls):
    """All calls of a request belong to the trace that it began, each from a span of its own."""
    made = calls(times=3)
    assert (1, 3) == (len({each.trace_id for each in made}), len({each.parent_id for each in made}))


def test_multiple_requests_with_illegal_traceparent(calls):
    """A bad header begins a trace for all calls."""
    made = calls(traceparent(f"00-{'0' * 32}-{PARENT_ID}-01"), times=3)
    assert (False, 3) == (
        "0" * 32 in {each.trace_id for each in made},
        len({each.parent_id for each in made}),
    )


# Level 2


@pytest.mark.parametrize(("flags", "expected"), [("02", 2), ("03", 3), ("00", 0), ("01", 1)])
def test_propagates_random_flag(call, flags, expected):
    """Whether the trace id is random is known where it was made, and sent on."""
    sent = call(traceparent(f"00-{IDS}-{flags}"))
    assert_continued(sent)
    assert expected & 2 == sent.flags & 2
