"""Named tuples with types, without importing `typing`.

`typing` costs 4 to 11 ms at import, half of what `import midspan.trace` may cost in all. A type checker sees
`typing.NamedTuple` here; the interpreter sees a class that does the same with `collections.namedtuple`.
"""

from __future__ import annotations

from collections import namedtuple

# Type checkers take any name TYPE_CHECKING for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NamedTuple

__all__ = ["NamedTuple"]


class _Meta(type):
    """Turn a class body of annotations and defaults into a named tuple with the body's methods."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:  # noqa: ANN401 - a metaclass that returns another class
        fields = body.get("__annotations__", {})
        if not fields:
            return super().__new__(mcs, name, bases, body)
        defaults = [body.pop(field) for field in fields if field in body]
        base = namedtuple(name, fields, defaults=defaults)  # type: ignore[misc]  # noqa: PYI024 - this is how typing does it
        return type(name, (base,), {"__slots__": (), **body})


if not TYPE_CHECKING:

    class NamedTuple(metaclass=_Meta):
        """Base of record classes; see `typing.NamedTuple`."""
