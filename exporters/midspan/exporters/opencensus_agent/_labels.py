"""Write the labels of a metric: its keys once, and for each series the values in their order."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._texts import tag_text
from midspan.exporters._wire import delimited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Labels", "label_text"]

# A label without a value (metrics.proto, LabelValue): field 2 of TimeSeries, of no length.
_NO_VALUE: Final = b"\x12\x00"
_SHORT: Final = 128


class Labels:
    """The labels of one metric: keys of all its points' attributes, as they come, and of its scope."""

    def __init__(self, points: Sequence[Any], scope: Mapping[str, str]) -> None:
        """Take points and what labels say of the scope, in place of attributes that are called the same.

        Raises:
            Exception: A key is no text, or none that can be sent.
        """
        attributes = dict.fromkeys(key for point in points for key in point.attributes)
        self._own = [key for key in attributes if key not in scope]
        # LabelKey: key = 1. In the descriptor they are field 5.
        every = *self._own, *scope
        self.keys = b"".join(delimited(b"\x2a", delimited(b"\x0a", key.encode())) for key in every)
        self._of_scope = b"".join(_value(text) for text in scope.values())

    def values_of(self, point: Any) -> bytes:  # noqa: ANN401 - any of the points
        """Return the fields with the values of a point's labels.

        Raises:
            Exception: A value is none that can be sent.
        """
        get = point.attributes.get
        return b"".join([_label(get(key)) for key in self._own]) + self._of_scope


def _label(value: Any) -> bytes:  # noqa: ANN401 - an attribute's value
    if value is None:
        return _NO_VALUE
    text = label_text(value)
    return _known_value(text) if len(text) < _SHORT else _value(text)


def label_text(value: Any) -> str:  # noqa: ANN401 - as above
    """Return the text of an attribute's value, as labels and attachments have it.

    Raises:
        ValueError: It is none of the types that attributes have.
    """
    return value if type(value) is str else tag_text(value)


def _value(text: str) -> bytes:
    """Return the field of a `LabelValue`: value = 1, has_value = 2, by which an empty one is one."""
    return delimited(b"\x12", (delimited(b"\x0a", text.encode()) if text else b"") + b"\x10\x01")


# A series is told again at every collection.
_known_value: Final = functools.lru_cache(4096)(_value)
