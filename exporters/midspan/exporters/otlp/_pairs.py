"""Write attributes, remembering what repeats.

Attributes are most of a payload, and most of them were sent before: the same key always, the same pair often
(a method, a route, a status code). So keys and whole pairs are kept as bytes, within bounds. Against building
each pair anew this takes a third of the time on the mixed batch of compat_tests/performance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.otlp._wire import any_value, delimited, int64, pack_double

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Pairs"]

_MAX_KEYS: Final = 512
_MAX_PAIRS_OF_A_KEY: Final = 64
_MAX_PAIRS: Final = 4096
# What is longer, or a larger number, hardly comes again.
_MAX_KEY: Final = 256
_MAX_TEXT: Final = 64
_MAX_NUMBER: Final = 1 << 16


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
            if kind is str:
                pair = key.pairs.get(value)
                if pair is not None:
                    append(pair)
                    continue
                data = value.encode()
                head = key.heads.get(len(data))
                if head is None:
                    append(self._text(key, value, data))
                elif len(key.pairs) < _MAX_PAIRS_OF_A_KEY:
                    append(self._keep(key, value, head + data))
                else:
                    append(head)
                    append(data)
            elif kind is int:
                pair = key.pairs.get(value)
                append(self._number(key, value) if pair is None else pair)
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

    def _text(self, key: _Key, value: str, data: bytes) -> bytes:
        """Write a text of a length that this key has not had, or that is too long to keep."""
        size = len(data)
        if size > _MAX_TEXT:
            return key.pair(delimited(b"\x0a", data))
        pair = key.pair(delimited(b"\x0a", data))
        key.heads[size] = pair[: len(pair) - size]
        return self._keep(key, value, pair)

    def _number(self, key: _Key, value: int) -> bytes:
        pair = key.pair(b"\x18" + int64(value))
        if 0 <= value < _MAX_NUMBER and len(key.pairs) < _MAX_PAIRS_OF_A_KEY:
            self._keep(key, value, pair)
        return pair

    def _keep(self, key: _Key, value: object, pair: bytes) -> bytes:
        """Remember a pair. A str and an int are never equal, and a bool never comes here: no two collide."""
        if self._room <= 0:
            self._forget()
        self._room -= 1
        key.pairs[value] = pair
        return pair


class _Key:
    """What is known of one key: everything that stands before the value, and pairs seen before."""

    __slots__ = ("double", "false", "heads", "pairs", "prefix", "tag", "true")

    def __init__(self, tag: bytes, name: str) -> None:
        self.tag = tag
        # KeyValue (common.proto): key = 1, value = 2.
        self.prefix = delimited(b"\x0a", name.encode()) + b"\x12"
        self.true = self.pair(b"\x10\x01")
        self.false = self.pair(b"\x10\x00")
        self.double = self.pair(b"\x21" + bytes(8))[:-8]
        self.heads: dict[int, bytes] = {}
        self.pairs: dict[object, bytes] = {}

    def pair(self, value: bytes) -> bytes:
        """Return the whole field for an `AnyValue`."""
        return delimited(self.tag, delimited(self.prefix, value))
