"""Vendor data that travels beside the ids (W3C Trace Context, section 3.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EMPTY", "TraceState"]

_MAX_MEMBERS: Final = 32
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}|[a-z][a-z0-9_\-*/]{0,255}")
_VALUE: Final = re.compile(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")


class TraceState:
    """An immutable, ordered list of at most 32 key-value members, the most recent first."""

    __slots__ = ("_members",)

    _members: tuple[tuple[str, str], ...]

    def __init__(self, members: tuple[tuple[str, str], ...] = ()) -> None:
        """Take (key, value) pairs.

        Raises:
            ValueError: A key or value breaks the W3C grammar, a key comes twice, or there are over 32.
        """
        for key, value in members:
            if not (_KEY.fullmatch(key) and _VALUE.fullmatch(value)):
                message = f"not a tracestate member: {key!r}={value!r} (W3C Trace Context, section 3.3.2)"
                raise ValueError(message)
        if len(members) > _MAX_MEMBERS or len({key for key, _ in members}) < len(members):
            message = f"a tracestate holds at most {_MAX_MEMBERS} members with distinct keys"
            raise ValueError(message)
        self._members = tuple(members)

    @classmethod
    def parse(cls, header: str) -> TraceState:
        """Read a header value; anything that breaks the grammar makes the whole of it empty."""
        members: list[tuple[str, str]] = []
        seen: set[str] = set()
        for member in header.split(","):
            text = member.strip(" \t")
            if not text:
                continue
            key, equals, value = text.partition("=")
            if not equals or key in seen or len(members) >= _MAX_MEMBERS:
                return EMPTY
            if not (_KEY.fullmatch(key) and _VALUE.fullmatch(value)):
                return EMPTY
            seen.add(key)
            members.append((key, value))
        return cls._trusted(tuple(members)) if members else EMPTY

    @classmethod
    def _trusted(cls, members: tuple[tuple[str, str], ...]) -> TraceState:
        state = cls.__new__(cls)
        state._members = members
        return state

    def to_header(self) -> str:
        """Return the header value, members in order."""
        return ",".join([f"{key}={value}" for key, value in self._members])

    def get(self, key: str) -> str | None:
        """Return the value of one member, or None."""
        for name, value in self._members:
            if name == key:
                return value
        return None

    def set(self, key: str, value: str) -> TraceState:
        """Return a state with this member in front; the oldest is dropped if there would be over 32.

        Raises:
            ValueError: The key or the value breaks the grammar.
        """
        rest = tuple(member for member in self._members if member[0] != key)
        return TraceState(((key, value), *rest[: _MAX_MEMBERS - 1]))

    def remove(self, key: str) -> TraceState:
        """Return a state without this member."""
        return TraceState._trusted(tuple(member for member in self._members if member[0] != key))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TraceState) and self._members == other._members

    def __hash__(self) -> int:
        return hash(self._members)

    def __repr__(self) -> str:
        return f"TraceState({self.to_header()!r})"


EMPTY: Final = TraceState()
