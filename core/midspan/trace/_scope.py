"""Make the scope of a tracer out of whatever `get_tracer` is given."""

from __future__ import annotations

from midspan import _trouble
from midspan.trace._attributes import clean_attributes, clean_text
from midspan.trace._values import InstrumentationScope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

__all__ = ["scope_of"]

_MAX_ATTRIBUTES: Final = 128
_MAX_LENGTH: Final = 65_536


def scope_of(
    name: str, version: str, schema_url: str, attributes: Mapping[str, Any] | None
) -> InstrumentationScope:
    """Return a scope that can be the key of a dictionary, which every scope is."""
    pairs: tuple[tuple[str, Any], ...] = ()
    if attributes is not None:
        cleaned, _ = clean_attributes(attributes, _MAX_ATTRIBUTES, _MAX_LENGTH)
        pairs = tuple((key, _hashable(value)) for key, value in cleaned.items())
    return InstrumentationScope(_text(name), _text(version), _text(schema_url), pairs)


def _text(given: str) -> str:
    return given if type(given) is str else clean_text(given, _MAX_LENGTH)


def _hashable(value: Any) -> Any:  # noqa: ANN401 - a cleaned value
    """Return a value; a mapping, or what holds one, becomes its text."""
    try:
        hash(value)
    except TypeError:
        return _trouble.safe_str(value)
    return value
