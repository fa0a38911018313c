"""Answers as servers write them, and as they should not."""

from __future__ import annotations

import contextlib
import http.client
import io
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.exporters._http._answers import read_answer
from midspan.exporters._http._incoming import BrokenAnswerError, Incoming

LIMIT = 4 * 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def read(data, *sizes):
    """Read an answer that comes in pieces of so many bytes, the last size again and again."""
    source, left = io.BytesIO(data), list(sizes)

    def receive(count):
        size = (left.pop(0) if left[1:] else left[0]) if left else count
        return source.read(min(size, count))

    return read_answer(Incoming(receive))


TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8).map(lambda name: f"X-{name}")
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
WITHOUT_BODY = (204, 304)
BODIES = st.binary(max_size=200)


@st.composite
def answers(draw):
    """Draw an answer as it goes over the wire."""
    status = draw(st.sampled_from([200, 202, 204, 301, 304, 400, 404, 413, 429, 500, 503]))
    headers = draw(st.dictionaries(TOKENS, VALUES, max_size=4))
    body, end = draw(BODIES), draw(st.sampled_from(["\r\n", "\n"]))
    # Of what has no body the library would want chunks all the same.
    framings = ["length", "close"] if status in WITHOUT_BODY else ["length", "close", "chunks"]
    framing = draw(st.sampled_from(framings))
    if framing == "length":
        headers["Content-Length"] = str(len(body))
    elif framing == "chunks":
        headers["Transfer-Encoding"] = "chunked"
        pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
        body = b"".join(b"%x;x=y\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    before = draw(st.sampled_from(["", f"HTTP/1.1 100 Continue{end}{end}"]))
    lines = [f"{before}HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
    head = end.join(lines) + end * 2
    return head.encode() + (b"" if status in WITHOUT_BODY else body)


def as_the_library_reads_it(data):
    """Read an answer as `http.client` does."""
    response = http.client.HTTPResponse(SimpleNamespace(makefile=lambda _: io.BytesIO(data)), method="POST")
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return response.status, headers, response.read()


@given(answers(), st.lists(st.integers(1, 40), max_size=5))
def test_an_answer_is_read_as_the_standard_library_reads_it(data, sizes):
    """In whatever pieces it comes."""
    assert as_the_library_reads_it(data) == tuple(read(data, *sizes)[0])


@given(answers(), st.data())
def test_an_answer_that_breaks_off_is_none_or_one_without_length(data, draws):
    """Part of one is never taken for the whole."""
    cut = draws.draw(st.integers(0, len(data) - 1))
    try:
        answer, _ = read(data[:cut])
    except BrokenAnswerError:
        return
    whole = read(data)[0]
    assert whole[:2] == answer[:2]
    assert whole.body.startswith(answer.body)
    assert {"content-length", "transfer-encoding"}.isdisjoint(answer.headers) or whole == answer


@given(st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", CHUNKED]), st.binary(max_size=300))
def test_garbage_is_an_answer_or_none(beginning, data):
    """And never another error."""
    with contextlib.suppress(BrokenAnswerError):
        assert 200 == read(beginning + data, 1)[0].status


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4, 5\r\n\r\nbody!",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nbody!",
        b"HTTP/1.1 200 OK\r\ncontent-length: \xb2\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\ncontent-length: " + b"1" * 5_000 + b"\r\n\r\nbody",
        CHUNKED + b"x\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"0x4\r\nbody\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nbody!\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nbody\r\n",
        CHUNKED + b"0\r\nx: y\r\n",
        CHUNKED + b"f" * 5_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 5_000,
        CHUNKED + b"0\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    ],
)
def test_what_is_no_answer_is_refused(data):
    """No HTTP, lengths that contradict each other or are none, heads without end."""
    with pytest.raises(BrokenAnswerError):
        read(data)


def test_what_speaks_another_protocol_is_known_by_its_first_bytes():
    """It may wait for us to go on, and never end a line."""

    def receive(_):
        return next(bytes_of_http2)

    bytes_of_http2 = iter([b"\x00\x00\x12\x04"])
    with pytest.raises(BrokenAnswerError, match=r"not HTTP/1\.1"):
        read_answer(Incoming(receive))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (b"X-A:  b \t\r\n", {"x-a": "b"}),
        (b"a: 1\r\nA: 2\r\n", {"a": "1, 2"}),
        (b"a: 1\r\n  2\r\nb: 3\r\n", {"a": "1 2", "b": "3"}),
        (b"nonsense\r\na: \xe4\r\n", {"a": "\xe4"}),
        (b"a:b:c\r\n", {"a": "b:c"}),
    ],
)
def test_headers_are_read_as_they_are_written(headers, expected):
    """In capitals or not, twice, folded, with spaces; a line that is none is passed over."""
    assert expected == read(b"HTTP/1.1 204 No Content\r\n" + headers + b"\r\n")[0].headers


OK, OLD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (OK + b"\r\nok", True),
        (OK + b"connection: close\r\n\r\nok", False),
        (OK + b"connection: foo, Close\r\n\r\nok", False),
        (OLD + b"\r\nok", False),
        (OLD + b"connection: Keep-Alive\r\n\r\nok", True),
        (OK + b"\r\nok and more", False),
        (OK + b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", False),
        (CHUNKED + b"2\r\nok\r\n0\r\nx: y\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\nok", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, gzip\r\n\r\nok", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n" + bytes(5_000_000), False),
        (CHUNKED + b"4c4b40\r\n" + bytes(5_000_000) + b"\r\n0\r\n\r\n", False),
    ],
)
def test_a_connection_goes_on_only_after_an_answer_that_has_an_end(data, expected):
    """One that is known, and was reached, with nothing behind it."""
    assert expected is read(data)[1]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n",
        CHUNKED + b"4c4b40\r\n",
    ],
)
def test_no_more_than_4_mib_of_a_body_are_taken(head):
    """However it is framed."""
    assert LIMIT == len(read(head + bytes(5_000_000))[0].body)
