"""Read what a server answers: HTTP/1.1, as RFC 9112 has it, and no more than there is room for.

By hand, since `http.client` brings `ssl` along, and who has a collector next door has no use for that.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.exporters._http._exchange import Answer
from midspan.exporters._http._incoming import BrokenAnswerError

if TYPE_CHECKING:
    from midspan.exporters._http._incoming import Incoming

__all__ = ["Head", "read_answer", "read_head"]

# A collector's answer takes a few hundred bytes; one that takes more is none, or means harm.
_MAX_BODY: Final = 4 * 1024 * 1024
# Of all heads before a body: any number of them may only say that the right one is still to come.
_MAX_HEADS: Final = 64 * 1024
_MAX_CHUNK_LINE: Final = 4 * 1024
_BEGINNING: Final = b"HTTP/1."
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.(\d) ([1-9]\d\d)(?:[ \t].*)?")
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
# No sane length has more digits, and an insane one shall not be worked out.
_MAX_DIGITS: Final = 15
_SWITCHING: Final = 101
_SUCCESS: Final = 200
_WITHOUT_BODY: Final = frozenset({_SWITCHING, 204, 304})


class Head(NamedTuple):
    """A status, headers with lower-case names, and whether the connection outlives the answer."""

    status: int
    headers: dict[str, str]
    is_kept: bool


def read_answer(incoming: Incoming) -> tuple[Answer, bool]:
    """Return an answer, its body decompressed, and whether the connection can be used again.

    Raises:
        BrokenAnswerError: It is no HTTP, or breaks off.
    """
    head = read_head(incoming)
    body, is_whole = _read_body(incoming, head)
    answer = Answer(head.status, head.headers, _decompressed(body, head.headers.get("content-encoding")))
    # What nobody asked for would be taken for the next answer.
    return answer, head.is_kept and is_whole and incoming.is_empty


def read_head(incoming: Incoming) -> Head:
    """Return the head of the answer proper; what is said to go on meanwhile (1xx) is passed over.

    Raises:
        BrokenAnswerError: It is no HTTP, or breaks off.
    """
    room = _MAX_HEADS
    while True:
        # What speaks something else may well say no line at all.
        line = incoming.line(room) if incoming.begins_with(_BEGINNING) else b""
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise BrokenAnswerError("the answer is not HTTP/1.1")
        lines, room = _header_lines(incoming, room - len(line))
        status = int(match[2])
        if status >= _SUCCESS or status == _SWITCHING:
            headers = _headers(lines)
            return Head(status, headers, status != _SWITCHING and _is_kept(match[1] == b"0", headers))


def _header_lines(incoming: Incoming, room: int) -> tuple[list[bytes], int]:
    """Return the lines up to an empty one, and what room they have left."""
    lines: list[bytes] = []
    while line := incoming.line(room):
        room -= len(line) + 1
        if line[:1] in b" \t" and lines:
            # A value went on in the next line, before RFC 7230.
            lines[-1] += b" " + line.strip()
        else:
            lines.append(line)
    return lines, room


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        before, colon, after = line.decode("latin-1").partition(":")
        if colon:
            name, value = before.strip(" \t").lower(), after.strip(" \t")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _is_kept(is_old: bool, headers: dict[str, str]) -> bool:  # noqa: FBT001 - HTTP/1.0, or not
    said = _words(headers.get("connection", ""))
    return "keep-alive" in said if is_old else "close" not in said


def _words(value: str) -> list[str]:
    return [word.strip(" \t") for word in value.lower().split(",")]


def _read_body(incoming: Incoming, head: Head) -> tuple[bytes, bool]:
    """Return a body, up to the limit, and whether that is all of it, and more could follow."""
    coding, length = head.headers.get("transfer-encoding"), head.headers.get("content-length")
    if head.status in _WITHOUT_BODY:
        return b"", True
    if coding is not None:
        if _words(coding)[-1] != "chunked":
            return incoming.until_end(_MAX_BODY), False
        body, is_whole = _read_chunks(incoming)
        # Whoever says both may mean either, as far as the connection goes on.
        return body, is_whole and length is None
    if length is None:
        return incoming.until_end(_MAX_BODY), False
    count = _length(length)
    return incoming.exactly(min(count, _MAX_BODY)), count <= _MAX_BODY


def _length(text: str) -> int:
    said = set(_words(text))
    count = said.pop()
    if said or not (count.isascii() and count.isdecimal()) or len(count) > _MAX_DIGITS:
        raise BrokenAnswerError("the answer's content-length is no number")
    return int(count)


def _read_chunks(incoming: Incoming) -> tuple[bytes, bool]:
    body = bytearray()
    while count := _chunk_size(incoming.line(_MAX_CHUNK_LINE)):
        room = _MAX_BODY - len(body)
        body += incoming.exactly(min(count, room))
        if count > room:
            return bytes(body), False
        if incoming.line(2):
            raise BrokenAnswerError("a chunk of the answer is longer than it says")
    _header_lines(incoming, _MAX_HEADS)
    return bytes(body), True


def _chunk_size(line: bytes) -> int:
    match = _CHUNK_LINE.fullmatch(line)
    if match is None:
        raise BrokenAnswerError("a chunk of the answer has no size")
    return int(match[1], 16)


def _decompressed(body: bytes, encoding: str | None) -> bytes:
    """Return a body that came compressed although nobody asked for that, up to the limit."""
    if encoding in {"gzip", "deflate"} and body:
        try:
            return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _MAX_BODY)
        except zlib.error:
            return b""
    return body
