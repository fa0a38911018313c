"""Read the `OTEL_*` variables by type; an error names the variable, its value and what is allowed."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["ConfigurationError", "Environment", "watched"]

T = TypeVar("T")

# The specification suggests it for "indefinite": the longest time that 32 bits hold in milliseconds.
_FOR_EVER_S: Final = (2**31 - 1) / 1000

# Who wants to know what is read (`watched`); nobody does but a person who asks where a value comes from.
_watchers: Final[list[Callable[[str, str | None], object]]] = []


class ConfigurationError(ValueError):
    """What was configured cannot be: the message says what, where, and what would be right."""


class Environment:
    """The variables, with an empty value meaning "not set" as the specification has it."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def text(self, name: str) -> str | None:
        """Return a string, or None if it is not set."""
        said = self._variables.get(name, "").strip() or None
        for tell in _watchers:
            tell(name, said)
        return said

    def integer(self, name: str, *, minimum: int = 0) -> int | None:
        """Return a whole number, at least `minimum`."""
        return self._parsed(name, lambda raw: _at_least(int(raw), minimum), f"a whole number from {minimum}")

    def milliseconds(self, name: str) -> float | None:
        """Return a duration that is written in milliseconds, in seconds."""
        return self._parsed(
            name, lambda raw: _at_least(int(raw), 0) / 1000, "a whole number of milliseconds from 0"
        )

    def timeout(self, name: str) -> float | None:
        """Return a timeout that is written in milliseconds, in seconds; 0 is no limit (specification)."""
        seconds = self.milliseconds(name)
        return _FOR_EVER_S if seconds == 0 else seconds

    def boolean(self, name: str) -> bool:
        """Return whether the variable says "true"; anything else is false, and odd words are warned of."""
        word = (self.text(name) or "false").lower()
        if word not in ("true", "false"):
            _trouble.report(
                "environment.boolean", "%s=%s was taken for false: allowed is true or false", name, word
            )
        return word == "true"

    def names(self, name: str) -> list[str] | None:
        """Return the items of a comma-separated list, each once, in order."""
        raw = self.text(name)
        if raw is None:
            return None
        return list(dict.fromkeys(item.strip() for item in raw.split(",") if item.strip()))

    def pairs(self, name: str) -> dict[str, str]:
        """Return `key=value,key=value`, percent-decoded (W3C Baggage's form, without properties)."""
        return self._parsed(name, _pairs, "key1=value1,key2=value2, percent-encoded") or {}

    def _parsed(self, name: str, parse: Callable[[str], T], allowed: str) -> T | None:
        raw = self.text(name)
        if raw is None:
            return None
        try:
            return parse(raw)
        except ValueError:
            message = f"{name}={raw!r} is not valid: allowed is {allowed}"
            raise ConfigurationError(message) from None


@contextlib.contextmanager
def watched() -> Iterator[dict[str, str | None]]:
    """Collect what anybody reads in this block: variables, and what they say (None: one is not set)."""
    seen: dict[str, str | None] = {}

    def note(name: str, said: str | None) -> None:
        seen[name] = said or seen.get(name)

    _watchers.append(note)
    try:
        yield seen
    finally:
        _watchers.remove(note)


def _at_least(number: int, minimum: int) -> int:
    if number < minimum:
        raise ValueError
    return number


def _pairs(raw: str) -> dict[str, str]:
    pairs = {}
    for item in raw.split(","):
        if not item.strip():
            continue
        key, equals, value = item.partition("=")
        if not equals or not key.strip():
            raise ValueError
        pairs[unquote(key.strip())] = unquote(value.strip())
    return pairs
