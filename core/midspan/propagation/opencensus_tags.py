"""OpenCensus's tags in their binary format, in gRPC's metadata under `grpc-tags-bin`: baggage, as it is here.

A version (0), then for each tag the field number 0, the name and the value, each after its length as a varint
(opencensus-specs, encodings/BinaryEncoding.md). Both are printable ASCII of up to 255 characters.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.propagation._baggage import MAX_BYTES, MAX_EXAMINED, MAX_MEMBERS
from midspan.propagation._format import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["OpenCensusTags", "decode", "encode"]

_NAME: Final = "grpc-tags-bin"
_START: Final = b"\0"
# A field number and two lengths stand before each tag; the limit is one of names and values, as OpenCensus's.
_MOST: Final = len(_START) + MAX_BYTES + MAX_MEMBERS * 5
# A byte of a varint holds seven bits, and says in the eighth whether there are more.
_SEVEN: Final = 0x7F
_is_name: Final = re.compile(r"[ -~]{1,255}").fullmatch
_is_value: Final = re.compile(r"[ -~]{0,255}").fullmatch
_is_base64: Final = re.compile(r"[A-Za-z0-9+/]*").fullmatch


def encode(baggage: Mapping[str, str]) -> bytes:
    """Return the bytes; what can be no tag is left out whole, and reported, as is what exceeds the limit."""
    parts = [_START]
    size = 0
    for key, value in baggage.items():
        name, text = _text(key), _text(value)
        if not _is_name(name) or not _is_value(text):
            _trouble.report("propagation.baggage_key", "baggage %s cannot be a tag: not sent", name)
        elif len(parts) > MAX_MEMBERS or size + len(name) + len(text) > MAX_BYTES:
            _trouble.report("propagation.baggage_limit", "baggage %s exceeds the limit: not sent", name)
        else:
            size += len(name) + len(text)
            parts.append(b"\0" + _sized(name) + _sized(text))
    return b"".join(parts)


def decode(data: bytes) -> dict[str, str]:
    """Read tags: at most 64, of 8,192 bytes in all; what is none is skipped, what is cut off is not there.

    Fields to come follow the tags, and their length is known to nobody: they end the reading. Where a name
    comes twice the last one counts.
    """
    found: dict[str, str] = {}
    if data[:1] != _START:
        return found
    size = 0
    for name, value in _pairs(data):
        size += len(name) + len(value)
        if size > MAX_BYTES:
            break
        if _is_name(name) and _is_value(value) and (len(found) < MAX_MEMBERS or name in found):
            found[name] = value
    return found


class OpenCensusTags(Format):
    """Carries baggage as OpenCensus's tags. The value is `bytes`, as gRPC's `-bin` metadata has it.

    Base64, which is how such metadata looks on the wire, is read as well. Properties are not sent.
    """

    __slots__ = ()

    fields: Sequence[str] = (_NAME,)

    def _inject(self, headers: Headers, context: Context) -> None:
        if context.baggage:
            data = encode(context.baggage)
            if len(data) > len(_START):
                headers[_NAME] = data

    def _extract(self, headers: Headers, found: Context) -> bool:
        members = decode(_bytes(headers.get(_NAME)))
        if not members:
            return False
        found.baggage = {**found.baggage, **members} if found.baggage else members
        return True


def _text(given: object) -> str:
    return given if type(given) is str else _trouble.safe_str(given)


def _sized(text: str) -> bytes:
    length = len(text)
    head = (length,) if length <= _SEVEN else (length & _SEVEN | _SEVEN + 1, length >> 7)
    return bytes(head) + text.encode("ascii")


def _pairs(data: bytes) -> Iterator[tuple[str, str]]:
    """Take names and values apart, as many as are looked at."""
    at = len(_START)
    for _ in range(MAX_EXAMINED):
        if data[at : at + 1] != b"\0":
            return
        name, at = _read(data, at + 1)
        value, at = _read(data, at)
        if name is None or value is None:
            return
        yield name, value


def _read(data: bytes, at: int) -> tuple[str | None, int]:
    """Return the text that begins with its length at `at`, and where it ends; None if it is cut off.

    Two bytes hold any length that may be; a longer one is none.
    """
    head = data[at : at + 2]
    if not head or (head[0] > _SEVEN and (len(head) == 1 or head[1] > _SEVEN)):
        return None, at
    is_long = head[0] > _SEVEN
    begin = at + 1 + is_long
    end = begin + (head[0] & _SEVEN | head[1] << 7 if is_long else head[0])
    return (data[begin:end].decode("latin-1"), end) if end <= len(data) else (None, at)


def _bytes(value: Any) -> bytes:  # noqa: ANN401 - whatever a carrier holds
    if isinstance(value, (bytes, bytearray)):
        if value[:1] == _START:
            return bytes(value[:_MOST])
        value = value[: _MOST * 2].decode("latin-1")
    if isinstance(value, str):
        # Four characters stand for three bytes; the end of a longer text is not looked at.
        text = str.__str__(value)[: _MOST // 3 * 4 + 4].rstrip("=")
        if _is_base64(text) and len(text) % 4 != 1:
            return binascii.a2b_base64(text + "=" * (-len(text) % 4))[:_MOST]
    return b""
