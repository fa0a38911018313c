"""Take the name of a method apart."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["OTHER", "Method", "read_method"]


class Method(NamedTuple):
    """A method of a service: `full` is `package.Service/Method`."""

    full: str
    service: str
    name: str


# A method that the server does not have: what clients make up must not become names.
OTHER: Final = Method("_OTHER", "_OTHER", "_OTHER")


@lru_cache(maxsize=1024)
def read_method(path: str | bytes) -> Method:
    """Return the method that a path (`/package.Service/Method`) names."""
    text = path.decode("utf-8", "replace") if isinstance(path, bytes) else path
    full = text.removeprefix("/")
    service, _, name = full.rpartition("/")
    return Method(full, service, name)
