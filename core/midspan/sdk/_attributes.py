"""The attributes of a measurement: cleaned, and as the key of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.trace._attributes import clean_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["cleaned", "key_of"]

_MAX_ATTRIBUTES: Final = 128
_MAX_LENGTH: Final = 65_536


def cleaned(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return attributes as every exporter can send them."""
    return {} if attributes is None else clean_attributes(attributes, _MAX_ATTRIBUTES, _MAX_LENGTH)[0]


def key_of(attributes: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any hashable
    """Return the same key for the same attributes in any order."""
    key = tuple(sorted(attributes.items(), key=_by_name))
    try:
        hash(key)
    except TypeError:  # A list or a mapping among the values.
        return repr(key)
    return key


def _by_name(pair: tuple[str, Any]) -> str:
    return pair[0]
