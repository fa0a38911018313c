"""Named tuples and integer enumerations, without importing `typing`, `collections` or `enum`.

These three cost more at import than the whole tracing interface may (docs/rationale.md has the figures). A
type checker sees `typing.NamedTuple` and `enum.IntEnum` here; the interpreter sees two small metaclasses that
make the same of the same class bodies.
"""

from __future__ import annotations

# What collections.namedtuple makes its fields of: a property would be read a third as fast.
from _collections import _tuplegetter  # type: ignore[import-not-found]

# Type checkers take any name TYPE_CHECKING for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from enum import IntEnum
    from typing import Any, NamedTuple

__all__ = ["IntEnum", "NamedTuple"]


class _RecordMeta(type):
    """Turn annotations and defaults into a tuple whose items have names."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:  # noqa: ANN401 - type checkers see typing's
        fields = tuple(body.get("__annotations__", ()))
        if not fields:
            return super().__new__(mcs, name, bases, body)
        defaults = tuple(body.pop(field) for field in fields if field in body)
        body |= {field: _tuplegetter(index, field) for index, field in enumerate(fields)}
        body |= {
            "__slots__": (),
            "_fields": fields,
            "__match_args__": fields,
            "__new__": _maker(fields, defaults),
        }
        return type(name, (_Record,), body)


def _maker(fields: tuple[str, ...], defaults: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a function
    """Return a `__new__` with these parameters: written out, it is called twice as fast as with `*args`."""
    names = ", ".join(fields)
    source = f"lambda _class, {names}: _new(_class, ({names},))"
    make = eval(source, {"_new": tuple.__new__})  # noqa: S307 - our own field names; namedtuple does the same
    make.__defaults__ = defaults
    make.__name__ = "__new__"
    return make


class _Record(tuple):  # type: ignore[type-arg]
    """What all records can do."""

    __slots__ = ()

    _fields: tuple[str, ...] = ()

    def _replace(self, **changes: Any) -> Any:  # noqa: ANN401 - typing's signature
        """Return a copy with some fields changed."""
        return type(self)(**{**self._asdict(), **changes})

    def _asdict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return dict(zip(self._fields, self, strict=True))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._asdict().items())})"


class _EnumMeta(type):
    """Turn integers in a class body into members."""

    _members: dict[str, Any]
    _by_value: dict[int, Any]

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _EnumMeta:
        numbers = {key: value for key, value in body.items() if type(value) is int and key[0] != "_"}
        made = super().__new__(mcs, name, bases, {k: v for k, v in body.items() if k not in numbers})
        made._members, made._by_value = {}, {}
        for key, number in numbers.items():
            member: Any = int.__new__(made, number)  # type: ignore[arg-type]  # its bases are IntEnum's
            member.name, member.value = key, number
            made._members[key] = made._by_value[number] = member
            type.__setattr__(made, key, member)
        return made

    @property
    def __members__(cls) -> Mapping[str, Any]:
        return dict(cls._members)

    def __call__(cls, value: int) -> Any:  # noqa: ANN401 - type checkers see enum's
        """Return the member of a value."""
        try:
            return cls._by_value[value]
        except (KeyError, TypeError):
            message = f"{value!r} is not a valid {cls.__name__}"
            raise ValueError(message) from None

    def __getitem__(cls, name: str) -> Any:  # noqa: ANN401 - as above
        return cls._members[name]

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls._members.values())

    def __len__(cls) -> int:
        return len(cls._members)

    def __contains__(cls, value: object) -> bool:
        return value in cls._members.values()

    def __setattr__(cls, name: str, value: object) -> None:
        if name in getattr(cls, "_members", ()):
            message = f"cannot reassign member {name!r}"
            raise AttributeError(message)
        super().__setattr__(name, value)


if not TYPE_CHECKING:

    class NamedTuple(metaclass=_RecordMeta):
        """Base of record classes; see `typing.NamedTuple`."""

    class IntEnum(int, metaclass=_EnumMeta):
        """Base of enumerations; see `enum.IntEnum`."""

        def __repr__(self) -> str:
            return f"<{type(self).__name__}.{self.name}: {self.value}>"

        __str__ = int.__repr__

        def __reduce_ex__(self, protocol: int) -> Any:  # noqa: ANN401 - pickle's own shape
            return type(self), (self.value,)

        def __copy__(self) -> Any:  # noqa: ANN401 - itself: members are compared by identity
            return self

        def __deepcopy__(self, memo: Any) -> Any:  # noqa: ANN401 - as above
            return self
