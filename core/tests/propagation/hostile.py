"""Make headers that nobody should send: seeded, so that what broke can be sent again.

Each carrier is made of headers that a format would read, then spoilt: cut, repeated, swollen, with signs of
other scripts and of no script, with values that are no text, under names that are no names, in carriers that
fail. `compat_tests/faults/fuzz_propagators.py` sends a million of them.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
HEADERS: list[tuple[str, Any]] = [
    ("traceparent", f"00-{TRACE}-{SPAN}-01"),
    ("traceparent", f"cc-{TRACE}-{SPAN}-01-later"),
    ("tracestate", "a=1,b@c=2,d= 3"),
    ("tracestate", ",".join(f"k{i}={'v' * 200}" for i in range(32))),
    ("baggage", "k=v;p=1;q, k2 = %20%E2%82%AC,k3"),
    ("baggage", ",".join(f"k{i}={'%20' * 30}" for i in range(64))),
    ("correlation-context", "k=v,k2=v2"),
    ("b3", f"{TRACE}-{SPAN}-d"),
    ("b3", "0"),
    ("x-b3-traceid", TRACE),
    ("x-b3-spanid", SPAN),
    ("x-b3-sampled", "true"),
    ("x-b3-flags", "1"),
    ("uber-trace-id", f"{TRACE}:{SPAN}:0:3"),
    ("uber-trace-id", f"{TRACE}%3A{SPAN}%3A0%3A1"),
    ("uberctx-k", "a%20b+c"),
    ("jaeger-debug-id", "find me"),
    ("jaeger-baggage", "k=v, k2=%2C"),
    ("ot-tracer-traceid", TRACE),
    ("ot-tracer-spanid", SPAN),
    ("ot-tracer-sampled", "true"),
    ("ot-baggage-k", "v w"),
    ("x-amzn-trace-id", f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1;Lineage=1:2"),
    ("x-cloud-trace-context", f"{TRACE}/67667974448284343;o=1"),
    ("opencensus-trace-traceid", TRACE),
    ("opencensus-trace-spanid", SPAN),
    ("opencensus-trace-traceoptions", "1"),
    ("grpc-trace-bin", bytes.fromhex(f"0000{TRACE}01{SPAN}0201")),
    ("grpc-trace-bin", "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE="),
    ("grpc-tags-bin", b"\0\0\1k\1v\0\2k2\x80\1" + b"v" * 128),
    ("grpc-tags-bin", b"\0" + b"".join(b"\0\3k%02d\xff\1" % i + b"v" * 255 for i in range(40))),
    ("grpc-tags-bin", "AAABawF2AAJrMgJ2Mg=="),
    ("x-datadog-trace-id", "11803532876627986230"),
    ("x-datadog-parent-id", "67667974448284343"),
    ("x-datadog-sampling-priority", "-1"),
    ("x-datadog-tags", "_dd.p.dm=-4,_dd.p.tid=4bf92f3577b34da6"),
]
SIGNS = [
    *"0123456789abcdefABCDEFgxyz-_+=,;:.%/\\\"' \t\r\n\0\x7f\x80\xff",
    *"\u0660\u0663\uff11\u212a\u0130\u00e9\u20ac\u2028\ud800\udfff\U0001f600",
    *("%", "%3", "%zz", "%c3%28", "--", ",,", "==", "0x", "0" * 40, "f" * 40, "9" * 40, "k=v,", "; ;"),
]


class Raises:
    """An object whose every method raises."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")

    # As that of a name which is looked up: the two will be compared.
    def __hash__(self) -> int:
        return hash("traceparent")

    def __len__(self) -> int:
        raise ValueError("no length")

    def __bool__(self) -> bool:
        raise ValueError("neither")

    def __iter__(self) -> Iterator[Any]:
        raise ValueError("no members")


class RaisingText(str):
    """Text that fails where text never fails."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")

    __hash__ = str.__hash__

    def lower(self) -> str:
        raise ValueError("no case")

    def split(self, *_: Any) -> list[str]:
        raise ValueError("no parts")

    def strip(self, *_: Any) -> str:
        raise ValueError("no edges")

    def __getitem__(self, _: Any) -> str:
        raise ValueError("no signs")


class RaisingMapping(dict[Any, Any]):
    """A mapping that fails when it is read, and when it is written."""

    def items(self) -> Any:
        raise OSError("gone")

    __setitem__ = __getitem__ = items  # type: ignore[assignment]


def carriers(seed: int) -> Iterator[Any]:
    """Make carriers without end; the same for the same seed."""
    dice = random.Random(seed)
    while True:
        yield _carrier(dice)


def _carrier(dice: random.Random) -> Any:
    pairs = [_pair(dice) for _ in range(dice.randint(0, 8))]
    shape = dice.random()
    if shape < 0.5:
        return _mapping(pairs)
    if shape < 0.8:
        return pairs
    if shape < 0.9:
        return [list(pair) for pair in pairs] + [dice.choice([None, 7, "ab", (1, 2, 3), Raises()])]
    if shape < 0.95:
        return RaisingMapping({"traceparent": "x", "A": "b"})
    return dice.choice([None, 7, "text", b"bytes", object(), Raises(), (), set(), pairs.__iter__])


def _pair(dice: random.Random) -> tuple[Any, Any]:
    name, value = dice.choice(HEADERS)
    return _spoilt_name(dice, name), _spoilt(dice, value)


def _spoilt_name(dice: random.Random, name: str) -> Any:
    luck = dice.random()
    if luck < 0.6:
        return name
    if luck < 0.9:
        return dice.choice([name.title(), name.upper(), name.encode(), f"HTTP_{name.upper()}", f"{name}x"])
    return dice.choice(
        [None, 7, (), "", b"", RaisingText(name), Raises(), dice.choice(SIGNS), "wsgi.version"]
    )


def _spoilt(dice: random.Random, value: Any) -> Any:
    luck = dice.random()
    if luck < 0.1:
        return value
    if luck < 0.2:
        return dice.choice(
            [None, 7, -1.5, True, (), [], {}, (1, 0), Raises(), RaisingText("x"), object(), [None]]
        )
    if luck < 0.3:
        return dice.choice([[value], [value, value], (value, 7), [[value]], {value: value}])
    if isinstance(value, str):
        for _ in range(dice.randint(1, 3)):
            value = dice.choice(SPOILERS)(dice, value)
    elif isinstance(value, bytes):
        at = dice.randrange(len(value))
        value = value[:at] + dice.randbytes(dice.randint(0, 3)) + value[at + dice.randint(0, 2) :]
    return value if dice.random() < 0.9 else _as_bytes(value)


def _as_bytes(value: Any) -> Any:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytearray(value)


def _replace(dice: random.Random, text: str) -> str:
    at = dice.randint(0, len(text))
    return text[:at] + dice.choice(SIGNS) + text[at + 1 :]


def _insert(dice: random.Random, text: str) -> str:
    at = dice.randint(0, len(text))
    return text[:at] + dice.choice(SIGNS) + text[at:]


def _cut(dice: random.Random, text: str) -> str:
    return text[dice.randint(0, len(text)) :] if dice.random() < 0.5 else text[: dice.randint(0, len(text))]


def _swell(dice: random.Random, text: str) -> str:
    return (text + dice.choice(["", *SIGNS])) * dice.choice([2, 3, 40])


def _noise(dice: random.Random, text: str) -> str:
    return "".join(dice.choices(SIGNS, k=dice.randint(0, len(text) + 1)))


SPOILERS: list[Callable[[random.Random, str], str]] = [
    _replace,
    _replace,
    _insert,
    _insert,
    _cut,
    _swell,
    _noise,
]


def _mapping(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    carrier = {}
    for name, value in pairs:
        try:
            carrier[name] = value
        except (TypeError, ValueError):  # a name that no dictionary takes
            continue
    return carrier
