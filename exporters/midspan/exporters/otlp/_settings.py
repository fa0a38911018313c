"""Put together what code and variables say about where a signal goes, and refuse what cannot be.

The variables and their defaults are those of the OpenTelemetry specification, "OTLP Exporter Configuration".
"""

from __future__ import annotations

import base64
import math
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from midspan._environment import ConfigurationError, Environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Given", "Settings", "read_settings"]

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_PROTOCOLS: Final = ("http/protobuf", "http/json")
_COMPRESSIONS: Final = ("none", "gzip")
_DEFAULT_ENDPOINT: Final = "http://localhost:4318"
_DEFAULT_TIMEOUT_S: Final = 10.0
# What a base is given, and what the whole of an endpoint ends in.
_PATHS: Final = {"traces": "/v1/traces", "metrics": "/v1/metrics"}
# RFC 9110: a name is a token (section 5.6.2), a value has no control characters (5.5); it is sent as latin-1.
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Given(NamedTuple):
    """What code says; None leaves it to the variables."""

    endpoint: str | None = None
    headers: Mapping[str, str] | None = None
    timeout: float | None = None
    compression: str | None = None
    protocol: str | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None


class Settings(NamedTuple):
    """Where and how to send."""

    url: str
    headers: Mapping[str, str]
    # Infinite if a request may take as long as its caller allows.
    timeout_s: float
    compression: str
    protocol: str
    certificate: str | None
    client_key: str | None
    client_certificate: str | None
    proxy: str | None


def read_settings(
    given: Given, variables: Mapping[str, str] | None = None, signal: str = "traces"
) -> Settings:
    """Return what holds: code before the variables of the signal before those of all before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    said = _Said(given, Environment(variables), signal)
    url, credentials = _without_credentials(_url(said))
    return Settings(
        url=url,
        headers={**credentials, **_headers(said)},
        timeout_s=_timeout_s(said),
        compression=_one_of(said, "compression", _COMPRESSIONS),
        protocol=_protocol(said),
        certificate=_file(said, "certificate"),
        client_key=_file(said, "client_key"),
        client_certificate=_file(said, "client_certificate"),
        proxy=_proxy(given),
    )


class _Said:
    """Look a setting up in code and variables, and remember who said it."""

    def __init__(self, given: Given, environment: Environment, signal: str) -> None:
        self._given = given
        self._environment = environment
        self.path = _PATHS[signal]
        self.own_prefix = f"{_PREFIX}{signal.upper()}_"

    def look_up(self, name: str) -> tuple[str, Any]:
        """Return who speaks (an argument or a variable) and what is said, or None."""
        value = getattr(self._given, name)
        if value is not None:
            return name, value
        for prefix in (self.own_prefix, _PREFIX):
            text = self._environment.text(prefix + name.upper())
            if text is not None:
                return prefix + name.upper(), text
        return "", None


def _url(said: _Said) -> SplitResult:
    who, value = said.look_up("endpoint")
    url = _split(who, _DEFAULT_ENDPOINT if value is None else value)
    if who == f"{said.own_prefix}ENDPOINT":
        return url._replace(path=url.path or "/")
    # A base, to which the signal's path is added; who wrote the whole of one in code is understood, too.
    base = url.path.rstrip("/")
    if who == "endpoint":
        for path in _PATHS.values():
            if base.endswith(path):
                return url._replace(path=base.removesuffix(path) + said.path + url.path[len(base) :])
    return url._replace(path=base + said.path)


def _split(who: str, value: object) -> SplitResult:
    try:
        url = urlsplit(value) if isinstance(value, str) else None
        if url is not None and url.scheme in {"http", "https"} and url.hostname and url.port != 0:
            return url._replace(fragment="")
    except ValueError:  # a port that is none, a bracket that is not closed
        pass
    shown = re.sub(r"//[^/@]*@", "//...@", value) if isinstance(value, str) else value
    raise _refused(who, shown, "a URL such as http://localhost:4318 or https://collector.example.org")


def _without_credentials(url: SplitResult) -> tuple[str, dict[str, str]]:
    """Return the URL without user and password, and the header that says them instead."""
    if url.username is None and url.password is None:
        return urlunsplit(url), {}
    pair = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    bare = url._replace(netloc=url.netloc.rpartition("@")[2])
    return urlunsplit(bare), {"authorization": authorization}


def _headers(said: _Said) -> dict[str, str]:
    who, value = said.look_up("headers")
    pairs = _header_pairs(who, value) if isinstance(value, str) else dict(value or {})
    headers: dict[str, str] = {}
    for name, text in pairs.items():
        # What is wrong is told without the value: it may be a secret.
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise _refused(who, name, "header names of letters, digits and hyphens")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            raise _refused(who, f"{name}=...", "values of printable characters on one line")
        headers[name.lower()] = text.strip(" \t")
    return headers


def _header_pairs(who: str, text: str) -> dict[str, str]:
    """Read `name=value,name=value`, percent-encoded."""
    pairs: dict[str, str] = {}
    for item in filter(str.strip, text.split(",")):
        name, equals, value = item.partition("=")
        if not equals:
            raise _refused(who, "...", "name1=value1,name2=value2, percent-encoded")
        pairs[unquote(name.strip(" \t"))] = unquote(value.strip(" \t"))
    return pairs


def _timeout_s(said: _Said) -> float:
    who, value = said.look_up("timeout")
    if value is None:
        return _DEFAULT_TIMEOUT_S
    if who == "timeout":
        if not isinstance(value, (int, float)) or not value > 0:
            raise _refused("timeout_s", value, "a number of seconds above 0")
        return float(value)
    if not value.isdecimal():
        raise _refused(who, value, "a whole number of milliseconds from 0 (no limit)")
    return int(value) / 1000 or math.inf


def _protocol(said: _Said) -> str:
    who, value = said.look_up("protocol")
    if value == "grpc":
        allowed = f"{' or '.join(_PROTOCOLS)} (gRPC is not supported yet)"
        raise _refused(who, value, allowed)
    return _one_of(said, "protocol", _PROTOCOLS)


def _one_of(said: _Said, name: str, allowed: Sequence[str]) -> str:
    who, value = said.look_up(name)
    if value is None:
        return allowed[0]
    if value not in allowed:
        raise _refused(who, value, " or ".join(allowed))
    return str(value)


def _file(said: _Said, name: str) -> str | None:
    who, value = said.look_up(name)
    if value is None:
        return None
    path: str = os.fspath(value)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - what a path is, open knows best
            file.read(1)
    except OSError as error:
        raise _refused(who, path, f"a PEM file that can be read ({error.strerror})") from None
    return path


def _proxy(given: Given) -> str | None:
    return None if given.proxy is None else urlunsplit(_split("proxy", given.proxy))


def _refused(who: str, value: object, allowed: str) -> ConfigurationError:
    return ConfigurationError(f"{who}={value!r} is not valid: allowed is {allowed}")
