"""The text form of baggage (W3C Baggage, section 3.3): members, percent-encoding, properties, limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan import _trouble
from midspan.baggage import Value
from midspan.propagation import _percent

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_BYTES", "MAX_EXAMINED", "MAX_MEMBERS", "Received", "decode", "encode", "is_token"]

MAX_MEMBERS: Final = 64
MAX_BYTES: Final = 8_192
# Senders may put in what is no member; looking for the good ones must end.
MAX_EXAMINED: Final = 256

# A key is a token of HTTP (RFC 9110, section 5.6.2), and stays as it is: the standard encodes values alone.
is_token: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# What a value may hold unencoded is baggage-octet, without the percent sign.
_escape: Final = _percent.encoder(r"[^!#$&-+\--:<-\[\]-~]")
# What baggage nearly always is made of: characters that both a token and a value may hold, and that stand for
# themselves; and the two that join them.
_find_unusual: Final = re.compile(r"[^!#$&'*+\-.^_`|~0-9A-Za-z,=]").search
# Visible ASCII, spaces and tabs, but nothing that ends a member.
_are_properties: Final = re.compile(r"[\t\x20-\x2b\x2d-\x7e]*").fullmatch


class Received(dict[str, str]):
    """Baggage that came in a header which says all of it, and which can go out again as it came.

    The baggage of a context never changes, so the header stays true.
    """

    __slots__ = ("header",)

    header: str


def encode(baggage: Mapping[str, str]) -> str:
    """Return the header value; members that have no place in one are left out whole, and reported."""
    if type(baggage) is Received:
        return baggage.header
    try:
        # A value that is no plain text is shown as ";", which is unusual.
        text = ",".join([f"{key}={value if type(value) is str else ';'}" for key, value in baggage.items()])
    except Exception:  # noqa: BLE001 - a key's __str__ may raise; each member is looked at with more care below
        return _encode_each(baggage)
    # No more of "," and "=" than were just put there: no key or value holds either, so the text is right.
    count = len(baggage)
    if (
        len(text) <= MAX_BYTES
        and count <= MAX_MEMBERS
        and not _find_unusual(text)
        and text.count("=") == count == text.count(",") + 1
        and "" not in baggage
    ):
        return text
    return _encode_each(baggage)


def _encode_each(baggage: Mapping[str, str]) -> str:
    members: list[str] = []
    size = -1
    for key, value in baggage.items():
        member = _member(key, value)
        if member is None:
            continue
        size += len(member) + 1
        if size > MAX_BYTES or len(members) >= MAX_MEMBERS:
            size -= len(member) + 1
            _trouble.report("propagation.baggage_limit", "baggage %s exceeds the limit: not sent", key)
            continue
        members.append(member)
    return ",".join(members)


def _member(key: str, value: str) -> str | None:
    key = key if isinstance(key, str) else _trouble.safe_str(key)
    if not is_token(key):
        _trouble.report("propagation.baggage_key", "baggage %s cannot be a header: not sent", key)
        return None
    if not isinstance(value, str):
        value = _trouble.safe_str(value)
    text = _escape(value)
    properties = value.properties if isinstance(value, Value) else ""
    if not _are_properties(properties):
        _trouble.report(
            "propagation.baggage_key", "properties of baggage %s cannot be a header: not sent", key
        )
        properties = ""
    return f"{key}={text};{properties}" if properties else f"{key}={text}"


def decode(header: str) -> dict[str, str]:
    """Read a header value: at most 64 members of its first 8,192 bytes; a member that is none is skipped."""
    if len(header) <= MAX_BYTES and not _find_unusual(header):
        found = Received()
        found.header = header
        try:
            for member in header.split(","):
                key, value = member.split("=")
                found[key] = value
        except ValueError:  # more than one "=", or none
            return _decode_each(header)
        if "" not in found and len(found) <= MAX_MEMBERS:
            return found
    return _decode_each(header)


def _decode_each(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if len(header) > MAX_BYTES:
        header = header[: header.rfind(",", 0, MAX_BYTES + 1)] if "," in header[: MAX_BYTES + 1] else ""
    for member in header.split(",", MAX_EXAMINED)[:MAX_EXAMINED]:
        key, equals, value = member.partition("=")
        properties = ""
        if not is_token(key):
            key = key.strip(" \t")
            if not is_token(key):
                continue
        if not equals or len(found) >= MAX_MEMBERS:
            continue
        if ";" in value:
            value, _, properties = value.partition(";")
        value = value.strip(" \t")
        value = _percent.decode(value)
        found[key] = Value(value, properties.strip(" \t")) if properties else value
    return found
