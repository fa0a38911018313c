"""Cut a protobuf message that a backend found too large in two, without knowing what it was made of.

What is cut is the list of messages that lie at the end of a path of field numbers, in all that lies on the
way together: two messages come of it, each with as much of the way as what it holds needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.exporters._wire import delimited, each_field, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["in_two", "protobuf_in_two"]

_DELIMITED: Final = 2


def protobuf_in_two(
    payload: bytes, path: tuple[int, ...], count: Callable[[bytes], int] | None = None
) -> list[tuple[bytes, int]]:
    """Return two payloads, each with its count; none if only one message lies at the end of the path.

    `count` says how many items one of these messages stands for; without it each is one.

    Raises:
        ValueError: This is no protobuf message.
    """
    counts = [1 if count is None else count(leaf) for leaf in _leaves(payload, path)]
    return in_two(counts, lambda keep: _kept(payload, path, keep))


def in_two(counts: list[int], kept: Callable[[Iterator[bool]], bytes]) -> list[tuple[bytes, int]]:
    """Return two payloads, each with its count, of what `kept` keeps of the whole; none if there is but one.

    `kept` is told of one after the other whether it is to be kept.
    """
    middle = len(counts) // 2
    if not middle:
        return []
    lower = [at < middle for at in range(len(counts))]
    upper = [not keep for keep in lower]
    return [(kept(iter(lower)), sum(counts[:middle])), (kept(iter(upper)), sum(counts[middle:]))]


def _leaves(message: bytes, path: tuple[int, ...]) -> Iterator[bytes]:
    for number, value, _ in each_field(message):
        if number == path[0] and isinstance(value, bytes):
            if len(path) == 1:
                yield value
            else:
                yield from _leaves(value, path[1:])


def _kept(message: bytes, path: tuple[int, ...], keep: Iterator[bool]) -> bytes:
    """Return a message with those leaves for which `keep` says so, and without what is empty then."""
    parts = []
    for number, value, whole in each_field(message):
        if number != path[0] or not isinstance(value, bytes):
            parts.append(whole)
        elif len(path) == 1:
            if next(keep):
                parts.append(whole)
        else:
            inner = _kept(value, path[1:], keep)
            if any(True for _ in _leaves(inner, path[1:])):
                parts.append(delimited(varint(number << 3 | _DELIMITED), inner))
    return b"".join(parts)
