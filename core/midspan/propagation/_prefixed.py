"""Baggage as one header for each item, named by a prefix: how Jaeger and OpenTracing's basic tracer do it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan import _trouble
from midspan.propagation._baggage import MAX_BYTES, MAX_MEMBERS, is_token
from midspan.propagation._carrier import only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from midspan.propagation._carrier import Headers

__all__ = ["as_it_is", "read", "write"]

# Anything else would end a header or begin another.
_is_one_line: Final = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*").fullmatch


def write(
    headers: Headers, prefix: str, baggage: Mapping[str, str], encode: Callable[[str], str | None]
) -> None:
    """Add a header for each item, with the value that `encode` makes; None leaves the item out.

    Items that cannot be a header, and those over 64 items or 8,192 characters, are left out and reported.
    """
    size = count = 0
    for name, value in baggage.items():
        key = name if isinstance(name, str) else _trouble.safe_str(name)
        text = encode(value if isinstance(value, str) else _trouble.safe_str(value))
        if text is None or not is_token(key):
            _trouble.report("propagation.baggage_key", "baggage %s cannot be a header: not sent", key)
        elif size + len(key) + len(text) > MAX_BYTES or count >= MAX_MEMBERS:
            _trouble.report("propagation.baggage_limit", "baggage %s exceeds the limit: not sent", key)
        else:
            size += len(key) + len(text)
            count += 1
            headers[prefix + key.lower()] = text


def read(headers: Headers, prefix: str, decode: Callable[[str], str]) -> dict[str, str]:
    """Return the items, up to 64 of them and 8,192 characters; what came more than once is none."""
    found: dict[str, str] = {}
    size = 0
    for name in headers:
        if not name.startswith(prefix):
            continue
        key = name[len(prefix) :]
        value = only(headers, name, MAX_BYTES)
        if not key or value is None or len(found) >= MAX_MEMBERS:
            continue
        if size + len(key) + len(value) <= MAX_BYTES:
            size += len(key) + len(value)
            found[key] = decode(value)
    return found


def as_it_is(value: str) -> str | None:
    """Return a value that can stand in a header without any encoding; None for one that cannot."""
    return value if _is_one_line(value) else None
