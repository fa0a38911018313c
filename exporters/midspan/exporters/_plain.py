"""Keep to the values that OTLP has: text, booleans, 64-bit numbers, bytes, and lists and maps of these.

The core cleans what an application sets, but a processor may change a finished span, and exporters are also
given objects that only look like spans. So everything here is total: what cannot be sent as it is gets
replaced by what can be said of it, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from midspan import _trouble

__all__ = ["MAX_DEPTH", "is_plain", "mended_attributes", "mended_text"]

# How deep lists and maps may be nested in one value. Decoders refuse a message of more than 100 levels, and
# with it the whole request: seven lie above a value of an event, and each map in a map adds three.
MAX_DEPTH: Final = 30

_MAX_TEXT: Final = 65_536
_MAX_ITEMS: Final = 65_536
# Of a value that is odd anyway, a sample does: all of one that holds itself could make a request too large.
_MAX_ODD_ITEMS: Final = 1_000
_INT64: Final = 1 << 63
# Decimal digits of a huge number take quadratic time (and raise past 4,300 of them); hexadecimal is linear.
_DECIMAL_BITS: Final = 4096


def mended_attributes(attributes: Mapping[Any, Any] | None) -> dict[str, Any]:
    """Return attributes that can be written; a value that cannot is replaced by what can be said of it."""
    mended: dict[str, Any] = {}
    try:
        for key, value in (attributes or {}).items():
            mended[mended_text(key)] = _sendable(key, value)
    except Exception as error:  # noqa: BLE001 - a mapping that is not ours may raise anywhere
        _trouble.report("encoding.odd_attributes", "attributes could not be read to their end", error=error)
    return mended


def mended_text(value: object) -> str:
    """Return a text that UTF-8 can carry; lone surrogates are shown as escapes."""
    if type(value) is str and _is_utf8(value):
        return value
    _trouble.report("encoding.odd_text", "a text cannot be sent as it is: %s", value)
    return _text(value)


def is_plain(value: Any, depth: int = MAX_DEPTH) -> bool:  # noqa: ANN401 - anything may be asked about
    """Say whether OTLP can carry the value as it is; only exact types count, so nothing foreign is called."""
    return _weigh(value, depth, [_MAX_ITEMS])


def _weigh(value: Any, depth: int, room: list[int]) -> bool:  # noqa: ANN401 - as above
    """Take from `room` one for each item: lists that hold one another many times over have no end."""
    room[0] -= 1
    kind = type(value)
    if kind is str:
        return _is_utf8(value)
    if kind is int:
        return bool(-_INT64 <= value < _INT64)
    if value is None or kind is bool or kind is float or kind is bytes:
        return True
    if depth <= 0 or room[0] <= 0:
        return False
    if kind is list or kind is tuple:
        return all(_weigh(item, depth - 1, room) for item in value)
    return kind is dict and all(
        type(key) is str and _is_utf8(key) and _weigh(item, depth - 1, room) for key, item in value.items()
    )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sendable(key: object, value: Any) -> Any:  # noqa: ANN401 - of OTLP's types
    if is_plain(value):
        return value
    _trouble.report("encoding.odd_value", "the attribute %s cannot be sent as it is", key)
    return _plain(value, MAX_DEPTH, [_MAX_ODD_ITEMS])


def _plain(value: Any, depth: int, room: list[int]) -> Any:  # noqa: ANN401 - anything in, plain types out
    """Return a value in OTLP's types: never raises, and takes from `room` one for each item."""
    room[0] -= 1
    try:
        if value is None or isinstance(value, (bool, int, float, str, bytes, bytearray, memoryview)):
            return _plain_scalar(value)
        if depth <= 0 or room[0] <= 0:
            return "..."
        if isinstance(value, Mapping):
            return {_text(key): _plain(item, depth - 1, room) for key, item in value.items() if room[0] > 0}
        if isinstance(value, (Sequence, set, frozenset)):
            return [_plain(item, depth - 1, room) for item in value if room[0] > 0]
        return _text(value)
    except Exception:  # noqa: BLE001 - foreign types may raise from any of their methods
        return f"<{type(value).__name__}>"


def _plain_scalar(value: Any) -> Any:  # noqa: ANN401 - one of the primitives, or of a type derived from one
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        number = int(value)
        if -_INT64 <= number < _INT64:
            return number
        return hex(number)[:_MAX_TEXT] if number.bit_length() > _DECIMAL_BITS else str(number)
    return bytes(value)


def _text(value: object) -> str:
    text = str.__str__(value) if isinstance(value, str) else _trouble.safe_str(value)
    return text[:_MAX_TEXT].encode("utf-8", "backslashreplace").decode()
