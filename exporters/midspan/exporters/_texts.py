"""Say an attribute's value as a text, where a format holds nothing else.

The forms are those of the OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation": `true` and
`false`, numbers without a locale, lists and maps as JSON. What JSON lacks is said within it as protobuf's
JSON mapping says it: bytes in base64, NaN and the infinities by name.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._plain import is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["checked_text", "json_object", "json_text", "tag_text"]

_dump: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def tag_text(value: Any) -> str:  # noqa: ANN401 - an attribute
    """Return a value as a text: of None an empty one.

    Raises:
        ValueError: It is none of the types that attributes have.
    """
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if value is None:
        return ""
    if kind is float or kind is bytes:
        return str(_scalar(value))
    return json_text(value)


def json_text(value: Any) -> str:  # noqa: ANN401 - as above
    """Return a value as JSON.

    Raises:
        ValueError: There is something in it that no attribute may hold, or no end of it.
    """
    if not is_plain(value):
        raise ValueError("a value that cannot be sent as it is")
    try:
        return _dump(value)
    except (TypeError, ValueError):
        return _dump(_jsonable(value))


def json_object(attributes: Mapping[str, Any]) -> str:
    """Return attributes as JSON.

    Raises:
        Exception: A value is none that attributes have, or a key is no text.
    """
    # One by one: what a value may hold is limited for each.
    pairs = [f"{_dump(checked_text(key))}:{json_text(value)}" for key, value in attributes.items()]
    return "{" + ",".join(pairs) + "}"


def checked_text(value: Any) -> str:  # noqa: ANN401 - a str, it should be
    """Return a text as it is.

    Raises:
        TypeError: It is none.
    """
    if type(value) is not str:
        raise TypeError("no text")
    return value


def _jsonable(value: Any) -> Any:  # noqa: ANN401 - of plain types
    kind = type(value)
    if kind is dict:
        return {key: _jsonable(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_jsonable(item) for item in value]
    if kind is bytes or (kind is float and not math.isfinite(value)):
        return _scalar(value)
    return value


def _scalar(value: float | bytes) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if math.isnan(value):
        return "NaN"
    return repr(value) if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
