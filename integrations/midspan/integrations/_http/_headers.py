"""Take the headers that were asked for into attributes, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.trace import Span

__all__ = ["Captured"]

_MOST_VALUES: Final = 16
_LONGEST: Final = 1024
_REDACTED: Final = ["REDACTED"]
# Even where somebody lists them: who needs to know that one came sees that it came.
_CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate", "x-api-key"}
)
_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


class Captured:
    """The headers of one direction that become attributes `http.<direction>.header.<name>`.

    At most 16 values of a header, and 1,024 characters of a value. Of credentials and cookies only the
    presence is told.
    """

    __slots__ = ("_keys",)

    def __init__(self, direction: str, names: Iterable[str]) -> None:
        """Take `request` or `response`, and names of headers; raises ValueError for what cannot be one."""
        self._keys: list[tuple[str, str]] = []
        for given in names:
            name = given.strip().lower()
            if not _NAME.fullmatch(name):
                message = f"{given!r} is no name of a header: allowed are letters, digits and !#$%&'*+-.^_`|~"
                raise ValueError(message)
            self._keys.append((name, f"http.{direction}.header.{name}"))

    def __bool__(self) -> bool:
        return bool(self._keys)

    def into(self, attributes: dict[str, Any], values_of: Callable[[str], Iterable[str]]) -> None:
        """Add an attribute for each header that is present; `values_of(name)` returns its values."""
        for name, key in self._keys:
            values = list(values_of(name))
            if not values:
                continue
            secret = name in _CREDENTIALS
            attributes[key] = _REDACTED if secret else [value[:_LONGEST] for value in values[:_MOST_VALUES]]

    def into_span(self, span: Span, values_of: Callable[[str], Iterable[str]] | None) -> None:
        """Set such an attribute of a span for each header that is present, if there is a way to read them."""
        if self._keys and values_of is not None:
            attributes: dict[str, Any] = {}
            self.into(attributes, values_of)
            span.set_attributes(attributes)
