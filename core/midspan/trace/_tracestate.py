"""Vendor data that travels beside the ids (W3C Trace Context Level 2, section 3.3)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator
    from typing import Final

__all__ = ["EMPTY", "ReceivedState", "TraceState"]

_MAX_MEMBERS: Final = 32
_KEY: Final = r"[a-z0-9][a-z0-9_\-*/@]{0,255}"
_VALUE: Final = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER: Final = f"{_KEY}={_VALUE}"
# What nearly every header looks like: members with nothing between them but commas.
_TIGHT_LIST: Final = f"{_MEMBER}(?:,{_MEMBER}){{0,{_MAX_MEMBERS - 1}}}"
# 32 members of the greatest length, with white space and empty members to spare.
_MAX_CHARS: Final = 32_768
_MAX_COMMAS: Final = 128
_matchers: Final[dict[str, Callable[[str], re.Match[str] | None]]] = {}


class TraceState:
    """An immutable, ordered list of at most 32 key-value members, the most recent first."""

    __slots__ = ("_header", "_pairs", "_received")

    # What came from outside is checked when somebody first asks for it.
    _received: str
    # Checked; each of the two is made from the other, or from what was received, on first use.
    _header: str | None
    _pairs: tuple[tuple[str, str], ...] | None

    def __init__(self, members: tuple[tuple[str, str], ...] = ()) -> None:
        """Take (key, value) pairs.

        Raises:
            ValueError: A key or value breaks the W3C grammar, a key comes twice, or there are over 32.
        """
        for key, value in members:
            if not (_matcher(_KEY)(key) and _matcher(_VALUE)(value)):
                message = f"not a tracestate member: {key!r}={value!r} (W3C Trace Context, section 3.3.2)"
                raise ValueError(message)
        if len(members) > _MAX_MEMBERS or len({key for key, _ in members}) < len(members):
            message = f"a tracestate holds at most {_MAX_MEMBERS} members with distinct keys"
            raise ValueError(message)
        self._received = ""
        self._header = None
        self._pairs = tuple(members)

    @classmethod
    def parse(cls, header: str) -> TraceState:
        """Read a header value, several joined with commas; what breaks the grammar makes all of it empty.

        Of members with the same key the first counts, for it is the most recent.
        """
        state: TraceState = ReceivedState()
        state._received = header
        state._header = None
        state._pairs = None
        return state

    @classmethod
    def _trusted(cls, pairs: tuple[tuple[str, str], ...]) -> TraceState:
        state = cls.__new__(cls)
        state._received = ""
        state._header = None
        state._pairs = pairs
        return state

    def to_header(self) -> str:
        """Return the header value, members in order; it is empty if there are none."""
        header = self._header
        if header is None:
            pairs = self._pairs
            if pairs is None:
                header = _checked(self._received)
            else:
                header = ",".join([f"{key}={value}" for key, value in pairs])
            self._header = header
        return header

    @property
    def _members(self) -> tuple[tuple[str, str], ...]:
        pairs = self._pairs
        if pairs is None:
            members: dict[str, str] = {}
            for member in filter(None, self.to_header().split(",")):
                key, _, value = member.partition("=")
                members.setdefault(key, value)
            pairs = self._pairs = tuple(members.items())
        return pairs

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


class ReceivedState(TraceState):
    """A state that is filled slot by slot, at once by whoever reads a request's headers."""

    __slots__ = ()

    __init__ = object.__init__


def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    found = _matchers.get(pattern)
    if found is None:
        import re  # noqa: PLC0415 - 4 ms at import, and most requests bring no trace state

        found = _matchers[pattern] = re.compile(pattern).fullmatch
    return found


def _checked(header: str) -> str:
    """Return a header value without white space and empty members; nothing if it breaks the grammar."""
    if len(header) > _MAX_CHARS:
        return ""
    is_tight_list = _matcher(_TIGHT_LIST)
    if is_tight_list(header):
        return header
    if header.count(",") > _MAX_COMMAS:
        return ""
    header = ",".join([text for text in map(_trimmed, header.split(",")) if text])
    return header if is_tight_list(header) else ""


def _trimmed(text: str) -> str:
    return text.strip(" \t")


EMPTY: Final = TraceState()
