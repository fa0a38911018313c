"""Values that no interface expects, each a new one: some of them remember, or run out."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["ERRORS", "ODD", "Mute"]


def _no(*_: Any, **__: Any) -> Any:
    raise ValueError("no")


class Mute:
    """What cannot be shown."""

    __str__ = __repr__ = __format__ = _no  # type: ignore[assignment]


class _Inert:
    """What raises whatever it is asked."""

    __str__ = __repr__ = __bool__ = __len__ = __iter__ = __eq__ = __hash__ = __index__ = __int__ = _no  # type: ignore[assignment]
    __float__ = __getitem__ = __contains__ = __lt__ = __add__ = __call__ = __format__ = _no  # type: ignore[assignment]


class _Opaque:
    """What has not one attribute."""

    __getattribute__ = _no  # type: ignore[assignment]


class _Deceitful(Mapping):  # type: ignore[type-arg]
    """A mapping that is longer than it says, and breaks in the middle."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Any:
        yield "first"
        raise ValueError("no")

    def __getitem__(self, key: str) -> Any:
        return key


class _Liar(list):  # type: ignore[type-arg]
    """A list that says that it is huge."""

    def __len__(self) -> int:
        return 1 << 62


class _Text(str):
    __slots__ = ()
    __str__ = __repr__ = __len__ = __hash__ = __eq__ = encode = __getitem__ = __format__ = _no  # type: ignore[assignment]


class _Number(int):
    __int__ = __str__ = __repr__ = __index__ = __eq__ = __hash__ = __lt__ = __add__ = __format__ = _no  # type: ignore[assignment]


class _Fraction(float):
    __float__ = __str__ = __repr__ = __eq__ = __hash__ = __lt__ = __add__ = __format__ = _no  # type: ignore[assignment]


class _Colour(enum.Enum):
    RED = 1


def _cyclic_list() -> Any:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def _cyclic_dict() -> Any:
    cycle: dict[Any, Any] = {}
    cycle["me"] = cycle
    return cycle


def _deep() -> Any:
    deep: Any = []
    for _ in range(2_000):
        deep = [deep]
    return deep


def _started() -> Any:
    generator = (number for number in range(3))
    next(generator)
    return generator


ODD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-1": lambda: -1,
    "2**70": lambda: 1 << 70,
    "-2**70": lambda: -(1 << 70),
    "10**5000": lambda: 10**5_000,
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "complex": lambda: 1j,
    "empty text": lambda: "",
    "text": lambda: "text",
    "long text": lambda: "x" * 100_000,
    "surrogate": lambda: "\ud800",
    "NUL": lambda: "a\0b\nc",
    "bytes": lambda: b"\xff\x00",
    "bytearray": lambda: bytearray(b"\xff"),
    "memoryview": lambda: memoryview(b"\xff"),
    "list": lambda: [1, "a", None, 2.5, b"b"],
    "tuple": lambda: (1, (2, (3,))),
    "list of lists": lambda: [[], [[]]],
    "cyclic list": _cyclic_list,
    "cyclic dict": _cyclic_dict,
    "deep": _deep,
    "dict": lambda: {"a": {"b": [1, {"c": None}]}},
    "dict of odd keys": lambda: {None: 1, 2: 3, b"b": 4, (1, 2): 5, "": 6, "\ud800": 7},
    "deceitful mapping": _Deceitful,
    "lying list": _Liar,
    "set": lambda: {1, "a"},
    "frozenset": lambda: frozenset({1}),
    "range": lambda: range(10**6),
    "generator": _started,
    "iterator": lambda: iter([1]),
    "object": object,
    "type": lambda: Mute,
    "function": lambda: _no,
    "lambda": lambda: lambda: None,
    "module": lambda: enum,
    "exception": lambda: ValueError("no"),
    "enum": lambda: _Colour.RED,
    "decimal": lambda: decimal.Decimal("1.1"),
    "date": lambda: dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    "NotImplemented": lambda: NotImplemented,
    "Ellipsis": lambda: ...,
    "mute": Mute,
    "inert": _Inert,
    "opaque": _Opaque,
    "unruly str": lambda: _Text("text"),
    "unruly int": lambda: _Number(3),
    "unruly float": lambda: _Fraction(3.5),
}


class _MuteError(Exception):
    __str__ = __repr__ = _no  # type: ignore[assignment]


class _NotTextError(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307 - this is what is odd about it


class _LyingError(Exception):
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return int


class _OpaqueError(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise ValueError("no")


class _Meta(type):
    @property
    def __module__(cls) -> str:  # type: ignore[override]
        raise ValueError("no")


class _HomelessError(Exception, metaclass=_Meta):
    pass


class _ThrownBySpeakingError(Exception):
    def __str__(self) -> str:
        raise RecursionError("no")


def _chain() -> BaseException:
    error: BaseException = ValueError("0")
    for number in range(200):
        later = ValueError(str(number))
        later.__context__ = error
        error = later
    return error


def _own_cause() -> BaseException:
    error = ValueError("me")
    error.__cause__ = error
    return error


ERRORS: dict[str, Callable[[], BaseException]] = {
    "plain": lambda: ValueError("no"),
    "mute": _MuteError,
    "text that is none": _NotTextError,
    "lying about its class": _LyingError,
    "opaque": _OpaqueError,
    "of no module": _HomelessError,
    "recursive": _ThrownBySpeakingError,
    "odd arguments": lambda: ValueError(Mute(), "\ud800", b"\xff"),
    "long": lambda: ValueError("x" * 1_000_000),
    "chained": _chain,
    "its own cause": _own_cause,
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "StopIteration": StopIteration,
    "StopAsyncIteration": StopAsyncIteration,
    "MemoryError": MemoryError,
    "BaseException": BaseException,
}
