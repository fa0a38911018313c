"""Turn whatever an application sets as an attribute into what every exporter can send.

Common types pass by one exact-type test. The odd value takes the slow road in `clean_value`: it is
converted, cut or described, and never raises. What is allowed beyond the primitives (bytes, sequences and
mappings, nested) is the OpenTelemetry specification's `AnyValue`.
"""

from __future__ import annotations

# What collections.abc hands on; its package would cost 2 ms at import.
from _collections_abc import Iterable, Iterator, Mapping, Sequence

from midspan import _trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, TypeAlias

__all__ = [
    "AttributeValue",
    "Attributes",
    "clean_attributes",
    "clean_key",
    "clean_text",
    "clean_value",
    "plain_copy",
]

AttributeValue: TypeAlias = "str | bool | int | float | bytes | Sequence[Any] | Mapping[str, Any] | None"
Attributes: TypeAlias = "Mapping[str, AttributeValue]"

_MAX_DEPTH: Final = 64
_MAX_ITEMS: Final = 65_536
_INT64: Final = 1 << 63


def plain_copy(
    attributes: Mapping[str, Any],
    limit: int,
    value_length: int,
    # No parameters: the loop reads a local name in half the time that a builtin takes.
    _type: Any = type,  # noqa: ANN401 - two kinds of class
    _str: Any = str,  # noqa: ANN401 - as above
) -> dict[str, Any] | None:
    """Return a copy of attributes that need no cleaning, which is nearly all there are; None for others."""
    if type(attributes) is not dict or len(attributes) > limit:
        return None
    # The copy is what is checked: another thread may change the original at any time.
    copied = attributes.copy()
    for key, value in copied.items():
        if _type(key) is not _str or not key:
            return None
        kind = _type(value)
        if kind is _str:
            if len(value) > value_length:
                return None
        elif kind is not int and kind is not float and kind is not bool:
            return None
    return copied


def clean_attributes(
    attributes: Mapping[str, Any], limit: int, value_length: int
) -> tuple[dict[str, Any], int]:
    """Copy attributes, cleaned; return them with the number that did not fit or had no usable key."""
    copied = plain_copy(attributes, limit, value_length)
    if copied is not None:
        return copied, 0
    return _clean_each(attributes, limit, value_length)


def _clean_each(attributes: Mapping[str, Any], limit: int, value_length: int) -> tuple[dict[str, Any], int]:
    """Take the slow road: mend or drop bad keys, clean values, keep the first `limit`."""
    cleaned: dict[str, Any] = {}
    dropped = 0
    try:
        for raw, value in attributes.items():
            key = clean_key(raw)
            if key is None or (len(cleaned) >= limit and key not in cleaned):
                dropped += 1
            else:
                cleaned[key] = clean_value(value, value_length)
    except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
        _trouble.report("attributes.unreadable", "attributes could not be read", error=error)
    return cleaned, dropped


def clean_key(key: object) -> str | None:
    """Return a usable attribute key, or None (reported) if there is nothing to call the attribute by."""
    text = "" if key is None else _text(key)
    if text:
        return text
    _trouble.report("attributes.bad_key", "an attribute without a key was dropped")
    return None


def clean_text(value: object, length: int) -> str:
    """Return the text of anything, cut to `length` characters."""
    text: str = _cut("" if value is None else _text(value), length)
    return text


def clean_value(value: object, value_length: int) -> Any:  # noqa: ANN401 - see below
    """Return a value made of str, bool, int, float, bytes, None, tuples and dicts with str keys only.

    A string or bytes past `value_length` is cut; what is nested deeper than 64 (a cycle, say) and what is
    of any other type is described by its text. Cuts are counted.
    """
    try:
        return _Cleaner(value_length).clean(value, _MAX_DEPTH)
    except Exception as error:  # noqa: BLE001 - foreign types may raise from any of their methods
        kind = _trouble.type_name(value)
        _trouble.report("attributes.bad_value", "an attribute of type %s", kind, error=error)
        return f"<{kind}>"


class _Cleaner:
    """Clean one value. All that it holds together is bounded: lists that hold one another have no end."""

    __slots__ = ("_items_left", "_value_length")

    def __init__(self, value_length: int) -> None:
        self._value_length = value_length
        self._items_left = _MAX_ITEMS

    def clean(self, value: object, depth: int) -> Any:  # noqa: ANN401 - one of the many kinds
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return _cut(str.__str__(value), self._value_length)
        if isinstance(value, int):
            number = int(value)
            return number if -_INT64 <= number < _INT64 else _cut(_show_int(number), self._value_length)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _cut(bytes(value), self._value_length)
        return self._compound(value, depth)

    def _compound(self, value: object, depth: int) -> Any:  # noqa: ANN401 - one of many kinds
        if depth <= 0:
            _trouble.report("attributes.too_deep", "an attribute is nested deeper than %s", _MAX_DEPTH)
            return "..."
        if isinstance(value, Mapping):
            pairs = self._bounded(value.items())
            return {_cut(_text(key), self._value_length): self.clean(item, depth - 1) for key, item in pairs}
        if isinstance(value, (Sequence, set, frozenset)):
            return tuple(self.clean(item, depth - 1) for item in self._bounded(value))
        item = getattr(value, "item", None)
        if callable(item) and type(value).__module__ == "numpy":
            return self.clean(item(), depth - 1)
        return _cut(_text(value), self._value_length)

    def _bounded(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            if self._items_left <= 0:
                _trouble.report("attributes.too_many_items", "an attribute has over %s items", _MAX_ITEMS)
                return
            self._items_left -= 1
            yield item


def _text(value: object) -> str:
    """Return the text of anything, as a str and nothing derived from it."""
    if type(value) is bytes:
        return value.decode("utf-8", "replace")
    return _trouble.safe_str(value)


def _cut(text: Any, value_length: int) -> Any:  # noqa: ANN401 - str or bytes, whichever came
    if len(text) <= value_length:
        return text
    _trouble.report("attributes.value_cut", "an attribute value was cut to %s characters", value_length)
    return text[:value_length]


def _show_int(number: int) -> str:
    # Decimal digits of a huge integer take quadratic time (and raise past 4,300); hexadecimal is linear.
    return hex(number) if number.bit_length() > 4096 else str(number)  # noqa: PLR2004 - any small bound serves
