"""Read environment markers: what stands behind the semicolon of a requirement.

Source: the Python Packaging User Guide, "Dependency specifiers" (PEP 508).
"""

from __future__ import annotations

import functools
import os
import platform
import re
import sys
from typing import TYPE_CHECKING, Final

from midspan._versions import is_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MarkerError", "holds", "plain"]

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<word>[A-Za-z_][\w.]*)|(?P<sign>===|~=|==|!=|<=|>=|<|>|[()]))"""
)
_SIGNS: Final = ("in", "===", "~=", "==", "!=", "<=", ">=", "<", ">")
_VERSIONS: Final = ("python_version", "python_full_version", "implementation_version")


class MarkerError(ValueError):
    """A marker is not written as the specification has it."""


def holds(marker: str, extra: str = "") -> bool:
    """Say whether a marker is true of this interpreter, with an extra that was asked for ("": none).

    Raises:
        MarkerError: It cannot be read.
    """
    reader = _Reader(marker, {**_environment(), "extra": plain(extra)})
    answer = reader.either()
    if reader.ahead:
        raise MarkerError(marker)
    return answer


def plain(name: str) -> str:
    """Return the name of a distribution, or of an extra, as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def _environment() -> dict[str, str]:
    version = sys.implementation.version
    stage = "" if version.releaselevel == "final" else f"{version.releaselevel[0]}{version.serial}"
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": f"{version.major}.{version.minor}.{version.micro}{stage}",
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": "{}.{}".format(*sys.version_info),
        "sys_platform": sys.platform,
    }


class _Reader:
    """Read from left to right; `ahead` is what comes next, "" at the end."""

    def __init__(self, marker: str, environment: Mapping[str, str]) -> None:
        self._marker = marker
        self._environment = environment
        self._end = 0
        self._advance()

    def either(self) -> bool:
        """Read what `or` parts."""
        answer = self._both()
        while self.ahead == "or":
            self._advance()
            answer = self._both() or answer
        return answer

    def _both(self) -> bool:
        answer = self._one()
        while self.ahead == "and":
            self._advance()
            answer = self._one() and answer
        return answer

    def _one(self) -> bool:
        if self.ahead == "(":
            self._advance()
            answer = self.either()
            self._take(")")
            return answer
        left_name, left = self._value()
        sign = self._sign()
        right_name, right = self._value()
        return _compared(left, sign, right, left_name or right_name)

    def _sign(self) -> str:
        sign = self.ahead
        self._advance()
        if sign == "not":
            self._take("in")
            return "not in"
        if sign not in _SIGNS:
            raise MarkerError(self._marker)
        return sign

    def _value(self) -> tuple[str, str]:
        """Return the name of a variable and its value; of a text, the text alone."""
        token = self.ahead
        self._advance()
        if token[:1] in ("'", '"'):
            return "", token[1:-1]
        if token not in self._environment:
            raise MarkerError(self._marker)
        return token, self._environment[token]

    def _take(self, token: str) -> None:
        if self.ahead != token:
            raise MarkerError(self._marker)
        self._advance()

    def _advance(self) -> None:
        found = _TOKEN.match(self._marker, self._end)
        if found is None and self._marker[self._end :].strip():
            raise MarkerError(self._marker)
        self.ahead = "" if found is None else found[0].strip()
        self._end = len(self._marker) if found is None else found.end()


def _compared(left: str, sign: str, right: str, name: str) -> bool:
    if name == "extra":
        left, right = plain(left), plain(right)
    if sign in ("in", "not in"):
        return (left in right) is (sign == "in")
    if name in _VERSIONS:
        return is_allowed(left, f"{sign}{right}")
    # What is no version has no order that would be of use: pip compares the texts.
    return {
        "==": left == right,
        "===": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }.get(sign, False)
