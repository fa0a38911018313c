"""What is sent over gRPC and what comes back, apart from how: bytes in, bytes out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

__all__ = ["Channel", "Reply", "Target"]


class Target(NamedTuple):
    """Where to send to, and as whom: an address as gRPC writes it, metadata, PEM files, a proxy's URL."""

    address: str
    is_secure: bool = False
    # Names in lower case; the values of those that end in "-bin" are bytes.
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    compression: str = "none"
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    proxy: str | None = None

    @property
    def shown(self) -> str:
        """The address as it may be shown."""
        return self.address


class Reply(NamedTuple):
    """How a call ended: the name of its status code ("OK", "UNAVAILABLE"), and what came with it.

    A call that was not answered ends with a code of gRPC's own, as the specification of gRPC has it.
    """

    code: str
    message: str = ""
    # What was answered, in its order; of a unary call one body, or none.
    bodies: tuple[bytes, ...] = ()
    # The google.rpc.Status of `grpc-status-details-bin`.
    details: bytes = b""
    # Whether the next attempt will fare no better, whatever the code: a certificate is not trusted, say.
    is_final: bool = False


class Channel(Protocol):
    """The one seam to the network. Safe in threads, and in a child after a fork."""

    def call(self, method: str, body: bytes, timeout_s: float) -> Reply:
        """Send one message to a method ("/package.Service/Method"), and take its answer, or answers.

        The method may be unary or stream either way: one message is sent, then the sending side is closed.
        The call ends within `timeout_s` seconds, whatever the network does; nothing is raised.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; later calls fail."""
        ...
