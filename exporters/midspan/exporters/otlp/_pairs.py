"""Write attributes, remembering what repeats.

Attributes are most of a payload, and most of them were sent before: the same key always, the same pair often
(a method, a route, a status code). So keys and whole pairs are kept as bytes, within bounds. Against building
each pair anew this takes a third of the time on the mixed batch of compat_tests/performance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.otlp._wire import LENGTHS, any_value, delimited, int64, pack_double, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Pairs"]

_MAX_KEYS: Final = 512
_MAX_PAIRS_OF_A_KEY: Final = 64
_MAX_PAIRS: Final = 4096
# What is longer, or a larger number (14 bits fit two bytes), hardly comes again.
_MAX_KEY: Final = 256
_MAX_TEXT: Final = 64
_MAX_DIGITS: Final = 2
_MAX_HEADS: Final = 128
_SMALL: Final = len(LENGTHS)


class Pairs:
    """Write `KeyValue` fields with one tag. Safe to share between threads: what is lost is a cache entry."""

    __slots__ = ("_keys", "_room", "_tag")

    def __init__(self, tag: bytes) -> None:
        """Take the tag of the field that holds the attributes."""
        self._tag = tag
        self._forget()

    def _forget(self) -> None:
        self._keys: dict[str, _Key] = {}
        self._room = _MAX_PAIRS

    def write(self, attributes: Mapping[str, Any], append: Callable[[bytes], object]) -> None:
        """Append the fields, in pieces, in order; raises where a value is none that OTLP can carry."""
        keys = self._keys
        for name, value in attributes.items():
            key = keys.get(name)
            if key is None:
                key = self._learn(name)
            kind = type(value)
            if kind is str or kind is int:
                pair = key.pairs.get(value)
                if pair is not None:
                    append(pair)
                    continue
                if kind is str:
                    data, most = value.encode(), _MAX_TEXT
                    size = len(data)
                    head = key.text_heads.get(size) or key.text_head(size)
                else:
                    data, most = LENGTHS[value] if 0 <= value < _SMALL else int64(value), _MAX_DIGITS
                    size = len(data)
                    head = key.int_heads.get(size) or key.int_head(size)
                if size <= most and len(key.pairs) < _MAX_PAIRS_OF_A_KEY:
                    append(self._keep(key, value, head + data))
                else:
                    append(head)
                    append(data)
            elif kind is bool:
                append(key.true if value else key.false)
            elif kind is float:
                append(key.double)
                append(pack_double(value))
            else:
                append(key.pair(any_value(value)))

    def _learn(self, name: str) -> _Key:
        if len(self._keys) >= _MAX_KEYS:
            self._forget()
        key = _Key(self._tag, name)
        if len(name) <= _MAX_KEY:
            self._keys[name] = key
        return key

    def _keep(self, key: _Key, value: object, pair: bytes) -> bytes:
        """Remember a pair. A str and an int are never equal, and a bool never comes here: no two collide."""
        if self._room <= 0:
            self._forget()
        self._room -= 1
        key.pairs[value] = pair
        return pair


class _Key:
    """What is known of one key: all that stands before a value, and pairs seen before."""

    __slots__ = ("double", "false", "int_heads", "pairs", "prefix", "tag", "text_heads", "true")

    def __init__(self, tag: bytes, name: str) -> None:
        self.tag = tag
        # KeyValue (common.proto): key = 1, value = 2.
        self.prefix = delimited(b"\x0a", name.encode()) + b"\x12"
        self.true = self.pair(b"\x10\x01")
        self.false = self.pair(b"\x10\x00")
        self.double = self._head(b"\x21", 8)
        self.text_heads: dict[int, bytes] = {}
        self.int_heads: dict[int, bytes] = {}
        self.pairs: dict[object, bytes] = {}

    def pair(self, value: bytes) -> bytes:
        """Return the whole field for an `AnyValue`."""
        return delimited(self.tag, delimited(self.prefix, value))

    def text_head(self, size: int) -> bytes:
        """Return what stands before a text of `size` bytes."""
        head = self._head(b"\x0a" + varint(size), size)
        if len(self.text_heads) < _MAX_HEADS:
            self.text_heads[size] = head
        return head

    def int_head(self, size: int) -> bytes:
        """Return what stands before a number that is written in `size` bytes."""
        head = self.int_heads[size] = self._head(b"\x18", size)
        return head

    def _head(self, start: bytes, size: int) -> bytes:
        """Return all that stands before the last `size` bytes of a value that begins with `start`."""
        whole = self.pair(start + bytes(size))
        return whole[: len(whole) - size]
