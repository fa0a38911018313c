"""Check what code and variables say about where to send and as whom; each check names who said it.

`who` is an argument or a variable. A value that may be a secret is never shown.
"""

from __future__ import annotations

import base64
import math
import os
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from midspan._environment import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "checked_choice",
    "checked_file",
    "checked_headers",
    "checked_timeout_s",
    "checked_url",
    "refused",
    "without_credentials",
]

# RFC 9110: a name is a token (section 5.6.2), a value has no control characters (5.5); it is sent as latin-1.
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def checked_url(who: str, value: object, example: str = "http://localhost:4318") -> SplitResult:
    """Return the parts of an http or https URL, without a fragment.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        url = urlsplit(value) if isinstance(value, str) else None
        if url is not None and url.scheme in {"http", "https"} and url.hostname and url.port != 0:
            return url._replace(fragment="")
    except ValueError:  # a port that is none, a bracket that is not closed
        pass
    shown = re.sub(r"//[^/@]*@", "//...@", value) if isinstance(value, str) else value
    raise refused(who, shown, f"a URL such as {example} or https://collector.example.org")


def without_credentials(url: SplitResult) -> tuple[str, dict[str, str]]:
    """Return the URL without user and password, and the header that says them instead."""
    if url.username is None and url.password is None:
        return urlunsplit(url), {}
    pair = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    bare = url._replace(netloc=url.netloc.rpartition("@")[2])
    return urlunsplit(bare), {"authorization": authorization}


def checked_headers(who: str, value: str | Mapping[str, str] | None) -> dict[str, str]:
    """Return headers with lower-case names: of a mapping, or of `name=value,name=value`, percent-encoded.

    Raises:
        ConfigurationError: A name or a value can be in no request.
    """
    pairs = _header_pairs(who, value) if isinstance(value, str) else dict(value or {})
    headers: dict[str, str] = {}
    for name, text in pairs.items():
        # What is wrong is told without the value: it may be a secret.
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise refused(who, name, "header names of letters, digits and hyphens")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            raise refused(who, f"{name}=...", "values of printable characters on one line")
        headers[name.lower()] = text.strip(" \t")
    return headers


def _header_pairs(who: str, text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for item in filter(str.strip, text.split(",")):
        name, equals, value = item.partition("=")
        if not equals:
            raise refused(who, "...", "name1=value1,name2=value2, percent-encoded")
        pairs[unquote(name.strip(" \t"))] = unquote(value.strip(" \t"))
    return pairs


def checked_timeout_s(who: str, value: Any) -> float:  # noqa: ANN401 - whatever a person wrote
    """Return the seconds of a timeout: an argument `timeout_s` says seconds, a variable milliseconds.

    Raises:
        ConfigurationError: It is no time.
    """
    if who == "timeout_s":
        if not isinstance(value, (int, float)) or not value > 0:
            raise refused(who, value, "a number of seconds above 0")
        return float(value)
    if not value.isdecimal():
        raise refused(who, value, "a whole number of milliseconds from 0 (no limit)")
    return int(value) / 1000 or math.inf


def checked_choice(who: str, value: Any, allowed: Sequence[str]) -> str:  # noqa: ANN401 - as above
    """Return one of a few words.

    Raises:
        ConfigurationError: It is none of them.
    """
    if value not in allowed:
        raise refused(who, value, " or ".join(allowed))
    return str(value)


def checked_file(who: str, value: Any) -> str:  # noqa: ANN401 - as above
    """Return the path of a file that can be read.

    Raises:
        ConfigurationError: It cannot.
    """
    path: str = os.fspath(value)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - what a path is, open knows best
            file.read(1)
    except OSError as error:
        raise refused(who, path, f"a PEM file that can be read ({error.strerror})") from None
    return path


def refused(who: str, value: object, allowed: str) -> ConfigurationError:
    """Return the error that says what is wrong, and what would be right."""
    return ConfigurationError(f"{who}={value!r} is not valid: allowed is {allowed}")
