"""Open the way to a target; `grpc` is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from midspan.exporters._grpc._exchange import Channel, Target

__all__ = ["grpc_channel"]


def grpc_channel(target: Target, extra: str) -> Channel:
    """Return what calls the methods of a target.

    Raises:
        ImportError: The `grpcio` library is missing; the message names the extra that brings it.
    """
    try:
        from midspan.exporters._grpc._channel import GRPCChannel  # noqa: PLC0415 - as said
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'midspan[{extra}]'") from error
    return GRPCChannel(target)
