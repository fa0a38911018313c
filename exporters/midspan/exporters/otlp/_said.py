"""Look settings up in code and variables, and check what both protocols share.

The variables and their defaults are those of the OpenTelemetry specification, "OTLP Exporter Configuration".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan._environment import Environment
from midspan.exporters._http import checked_choice, checked_file, checked_timeout_s, refused

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

__all__ = ["Given", "Said"]

_PREFIX: Final = "OTEL_EXPORTER_OTLP_"
_PROTOCOLS: Final = ("http/protobuf", "http/json", "grpc")
_COMPRESSIONS: Final = ("none", "gzip")
_DEFAULT_TIMEOUT_S: Final = 10.0


class Given(NamedTuple):
    """What code says; None leaves it to the variables."""

    endpoint: str | None = None
    headers: Mapping[str, str | bytes] | None = None
    timeout: float | None = None
    compression: str | None = None
    protocol: str | None = None
    certificate: str | os.PathLike[str] | None = None
    client_key: str | os.PathLike[str] | None = None
    client_certificate: str | os.PathLike[str] | None = None
    proxy: str | None = None
    insecure: bool | None = None


class Said:
    """What code says, before the variables of a signal, before those of all; and who said it."""

    def __init__(self, given: Given, variables: Mapping[str, str] | None, signal: str) -> None:
        self.given = given
        self.own_prefix = f"{_PREFIX}{signal.upper()}_"
        self._environment = Environment(variables)

    def look_up(self, name: str) -> tuple[str, Any]:
        """Return who speaks (an argument or a variable) and what is said, or None."""
        value = getattr(self.given, name)
        if value is not None:
            return name, value
        for prefix in (self.own_prefix, _PREFIX):
            text = self._environment.text(prefix + name.upper())
            if text is not None:
                return prefix + name.upper(), text
        return "", None

    @property
    def protocol(self) -> str:
        """How to speak."""
        return self._one_of("protocol", _PROTOCOLS)

    @property
    def compression(self) -> str:
        """How to make what is sent smaller."""
        return self._one_of("compression", _COMPRESSIONS)

    @property
    def timeout_s(self) -> float:
        """How long a request may take; infinite if that is for its caller to say."""
        who, value = self.look_up("timeout")
        who = "timeout_s" if who == "timeout" else who
        return _DEFAULT_TIMEOUT_S if value is None else checked_timeout_s(who, value)

    @property
    def insecure(self) -> bool | None:
        """Whether to do without TLS; None if nobody speaks of it."""
        who, value = self.look_up("insecure")
        if value is None or isinstance(value, bool):
            return value
        if who == "insecure":
            raise refused(who, value, "True or False")
        return self._environment.boolean(who)

    def file(self, name: str) -> str | None:
        """Return the path of a PEM file."""
        who, value = self.look_up(name)
        return None if value is None else checked_file(who, value)

    def _one_of(self, name: str, allowed: Sequence[str]) -> str:
        who, value = self.look_up(name)
        return allowed[0] if value is None else checked_choice(who, value, allowed)
