"""Write values as Jaeger's tags, which hold a text, a number, a truth or bytes."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.jaeger._structures import BINARY, BOOL, DOUBLE, LONG, STRING, Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["json_text", "tags_of"]

_INT64: Final = 1 << 63


def tags_of(attributes: Mapping[str, Any]) -> list[Tag]:
    """Return a tag for each attribute; what has no type of its own in Jaeger becomes JSON.

    Raises:
        OverflowError: A number has more than 64 bits.
        TypeError: A value is of none of the types that spans are cleaned to.
    """
    return [_tag(key, value) for key, value in attributes.items()]


def _tag(key: str, value: Any) -> Tag:  # noqa: ANN401 - of an attribute's types, exactly
    kind = type(value)
    if kind is str:
        return Tag(key, STRING, value, None, None, None, None)
    if kind is bool:
        return Tag(key, BOOL, None, None, value, None, None)
    if kind is int:
        if not -_INT64 <= value < _INT64:
            raise OverflowError(key)
        return Tag(key, LONG, None, None, None, value, None)
    if kind is float:
        return Tag(key, DOUBLE, None, value, None, None, None)
    if kind is bytes:
        return Tag(key, BINARY, None, None, None, None, value)
    return Tag(key, STRING, json_text(value), None, None, None, None)


def json_text(value: Any) -> str:  # noqa: ANN401 - of an attribute's types
    """Return a list, a map or nothing as JSON: bytes in it as base64, what is no number as its name.

    Raises:
        TypeError: There is something else in it.
    """
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:  # noqa: ANN401 - of an attribute's types
    kind = type(value)
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    if kind is dict:
        return {key: _plain(item) for key, item in value.items()}
    if kind is bytes:
        return base64.b64encode(value).decode()
    if kind is float and not math.isfinite(value):
        # As protobuf's JSON has it; JSON itself knows no such numbers.
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
