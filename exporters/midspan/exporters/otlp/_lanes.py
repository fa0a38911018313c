"""Open a lane for each signal that is sent, over the protocol that was chosen for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from midspan._environment import ConfigurationError
from midspan.exporters._grpc import grpc_channel
from midspan.exporters._http import http_transport, refused
from midspan.exporters.otlp._grpc_lane import GRPCLane
from midspan.exporters.otlp._grpc_settings import read_grpc_settings
from midspan.exporters.otlp._lane import Lane
from midspan.exporters.otlp._said import Said
from midspan.exporters.otlp._settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from midspan.exporters._grpc import Channel, Target
    from midspan.exporters._http import Transport
    from midspan.exporters.otlp._said import Given

__all__ = ["SIGNALS", "AnyLane", "lanes_of"]

AnyLane: TypeAlias = "Lane | GRPCLane"

SIGNALS: Final = ("traces", "metrics")
# What the items of a signal are called.
_ITEMS: Final = {"traces": "spans", "metrics": "metrics"}


def lanes_of(
    signals: Collection[str],
    given: Given,
    variables: Mapping[str, str] | None,
    transport: Transport | None,
) -> dict[str, AnyLane]:
    """Return the lane of each signal, by the name of its items: `"spans"` or `"metrics"`.

    Raises:
        ConfigurationError: Something cannot be; the message names it and what is allowed.
        ImportError: The library that a protocol needs is missing.
    """
    channels: dict[Target, Channel] = {}
    lanes: dict[str, AnyLane] = {}
    for signal in _checked(signals):
        if Said(given, variables, signal).protocol != "grpc":
            lanes[_ITEMS[signal]] = _http_lane(signal, given, variables, transport)
        elif transport is None:
            lanes[_ITEMS[signal]] = _grpc_lane(signal, given, variables, channels)
        else:
            raise refused("transport", transport, "a protocol over HTTP with it, not grpc")
    return lanes


def _checked(signals: Collection[str]) -> list[str]:
    wanted = [signal for signal in SIGNALS if not isinstance(signals, str) and signal in signals]
    if not wanted or len(wanted) < len(set(signals)):
        message = (
            f"signals={signals!r} is not valid: allowed are {' and '.join(map(repr, SIGNALS))}, in a list"
        )
        raise ConfigurationError(message)
    return wanted


def _http_lane(
    signal: str, given: Given, variables: Mapping[str, str] | None, transport: Transport | None
) -> Lane:
    settings = read_settings(given, variables, signal)
    if transport is None:
        transport = http_transport(settings.endpoint)
    return Lane(signal, settings, transport)


def _grpc_lane(
    signal: str, given: Given, variables: Mapping[str, str] | None, channels: dict[Target, Channel]
) -> GRPCLane:
    """Return a lane; signals that go the same way share the connection."""
    settings = read_grpc_settings(given, variables, signal)
    channel = channels.get(settings.target)
    if channel is None:
        channel = channels[settings.target] = grpc_channel(settings.target, "grpc")
    return GRPCLane(signal, settings, channel)
