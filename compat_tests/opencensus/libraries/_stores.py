"""List the libraries that talk to databases and to other people's clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compat_tests._scenarios._library import Library

STORES: tuple[Library, ...] = ()
