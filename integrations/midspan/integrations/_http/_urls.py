"""Leave out the URLs that nobody wants to see: health checks, say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Excluded"]


class Excluded:
    """The URLs that are not recorded: any that one of the regular expressions is found in."""

    __slots__ = ("_pattern",)

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile the patterns. Raises re.error for one that is none."""
        joined = "|".join(f"(?:{pattern})" for pattern in patterns if pattern)
        self._pattern = re.compile(joined) if joined else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def __contains__(self, url: str) -> bool:
        return self._pattern is not None and self._pattern.search(url) is not None
