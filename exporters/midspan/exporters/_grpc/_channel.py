"""Call methods over gRPC, with the `grpcio` library."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from midspan._about import USER_AGENT
from midspan.exporters._grpc._calls import in_progress, stir
from midspan.exporters._grpc._exchange import Reply
from midspan.exporters._grpc._final import is_final
from midspan.exporters._grpc._library import ChannelOptions, grpc
from midspan.exporters._threads import away_from_greenlets
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.exporters._grpc._calls import Call
    from midspan.exporters._grpc._exchange import Target

__all__ = ["GRPCChannel"]

# An answer takes a few hundred bytes; one that takes more is none, or means harm.
_MAX_ANSWER: Final = 4 * 1024 * 1024
_MAX_ANSWERS: Final = 1_000
_DAY_S: Final = 86_400.0
_COMPRESSIONS: Final = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}
_DETAILS: Final = "grpc-status-details-bin"
# With this it has been told not to look after its own threads when the process forks.
_FORKS: Final = "GRPC_ENABLE_FORK_SUPPORT"
_NO: Final = frozenset({"0", "f", "false", "n", "no"})
# The process that has opened the first connection: this one, or one that it was forked from.
_users: list[int] = []
# Connections that a parent has left to its children. To close one is the parent's business, and so its end
# must not come before that of the process.
_inherited: list[_Connection] = []


class _Connection:
    """A channel of gRPC's, and the calls that use it."""

    __slots__ = ("calls", "channel", "is_given_up", "pid")

    def __init__(self, target: Target) -> None:
        self.channel = _new_channel(target)
        if not _users:
            _users.append(os.getpid())
        self.calls: set[Call] = set()
        self.is_given_up = False
        self.pid = os.getpid()

    def leave(self, call: Call) -> None:
        """Note the end of a call; the last one closes what was given up meanwhile."""
        self.calls.discard(call)
        if self.is_given_up:
            self.give_up()

    def give_up(self) -> None:
        """Begin no further calls; close once those in progress have ended."""
        self.is_given_up = True
        if not self.calls:
            self.channel.close()
            stir()


class GRPCChannel:
    """Call the methods of one target over a kept connection. Safe in threads, and in a child after a fork.

    gRPC's own retries and pauses between connections are switched off, or nearly: delivery has its own.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: _Connection | None = None
        self._is_closed = False

    def call(self, method: str, body: bytes, timeout_s: float) -> Reply:
        """Send one message, and take what is answered within `timeout_s` seconds; see `Channel`."""
        deadline_s = time.monotonic() + min(timeout_s, _DAY_S)
        return away_from_greenlets(lambda: self._call(method, body, deadline_s))

    def _call(self, method: str, body: bytes, deadline_s: float) -> Reply:
        with suppressed(), in_progress() as call:
            if self._is_closed:
                return Reply("CANCELLED", "the exporter was shut down", is_final=True)
            if _is_lost_in_fork():
                return Reply("UNAVAILABLE", f"a forked process cannot go on where {_FORKS}=0", is_final=True)
            try:
                connection = self._connection_of_this_process()
            except (OSError, ValueError) as error:
                return Reply("UNAVAILABLE", f"{type(error).__name__}: {error}")
            connection.calls.add(call)
            try:
                reply = self._exchange(connection.channel, call, method, body, deadline_s)
            except Exception as error:  # noqa: BLE001 - whatever it is; what it says may be metadata
                # A channel that another call has closed in this very moment raises as well.
                reply = Reply("CANCELLED", type(error).__name__, is_final=not connection.is_given_up)
            finally:
                connection.leave(call)
            if reply.code != "OK":
                self._forget(connection)
            return reply

    def _exchange(
        self, channel: grpc.Channel, call: Call, method: str, body: bytes, deadline_s: float
    ) -> Reply:
        # Whether one answer comes or many is not to be seen on the wire; and a call that streams in this way
        # (see `_options`) needs no thread of gRPC's, and can be cancelled from another one.
        send: Any = channel.unary_stream(method)
        answers = send(body, timeout=deadline_s - time.monotonic(), metadata=self._target.metadata)
        call.cancel = answers.cancel
        bodies: list[bytes] = []
        try:
            room = _MAX_ANSWER
            for answer in answers:
                room -= len(answer)
                if room < 0 or len(bodies) >= _MAX_ANSWERS:
                    answers.cancel()
                    return Reply("CANCELLED", "the answer has no end", is_final=True)
                bodies.append(answer)
        except grpc.RpcError:
            pass  # What it was, the call itself tells.
        sent_bytes = len(body) if self._target.compression == "none" else None
        return _reply(answers, tuple(bodies), sent_bytes)

    def _forget(self, connection: _Connection) -> None:
        """Let the next call open a connection of its own: this one may lead nowhere any more."""
        if self._connection is connection:
            self._connection = None
        connection.give_up()

    def _connection_of_this_process(self) -> _Connection:
        found = self._connection
        if found is not None and found.pid == os.getpid():
            return found
        opened = _Connection(self._target)
        # No call stands between these two lines, so no other thread comes between them.
        if self._connection is found:
            self._connection = opened
            if found is not None:
                _inherited.append(found)
            return opened
        opened.give_up()
        return self._connection_of_this_process()

    def close(self) -> None:
        """Close the connection; what is called from now on fails."""
        self._is_closed = True
        connection, self._connection = self._connection, None
        if connection is not None and connection.pid == os.getpid():
            with in_progress():
                connection.give_up()


def _is_lost_in_fork() -> bool:
    """Say whether gRPC was at work before this process was forked, and would hang in it."""
    return bool(_users) and _users[0] != os.getpid() and os.environ.get(_FORKS, "").lower() in _NO


def _reply(answers: Any, bodies: tuple[bytes, ...], sent_bytes: int | None) -> Reply:  # noqa: ANN401 - grpcio's
    code, message = answers.code().name, answers.details() or ""
    details = next((value for name, value in answers.trailing_metadata() or () if name == _DETAILS), b"")
    return Reply(code, message, bodies, details, is_final(code, message, sent_bytes))


def _new_channel(target: Target) -> grpc.Channel:
    compression = _COMPRESSIONS[target.compression]
    credentials = _credentials(target)
    options = _options(target)
    if credentials is None:
        return grpc.insecure_channel(target.address, options, compression)
    return grpc.secure_channel(target.address, credentials, options, compression)


def _credentials(target: Target) -> grpc.ChannelCredentials | None:
    if not target.is_secure:
        return None
    files = (target.certificate, target.client_key, target.client_certificate)
    return grpc.ssl_channel_credentials(
        *(None if file is None else Path(file).read_bytes() for file in files)
    )


def _options(target: Target) -> list[tuple[str, Any]]:
    return [
        (ChannelOptions.SingleThreadedUnaryStream, 1),
        ("grpc.primary_user_agent", USER_AGENT),
        ("grpc.max_receive_message_length", _MAX_ANSWER),
        ("grpc.max_send_message_length", -1),
        # Nothing is shared with other channels of the process, least of all how a connection fared.
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_retries", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        # A proxy is explicit; what variables say about HTTP in general does not count.
        ("grpc.enable_http_proxy", int(target.proxy is not None)),
        *([] if target.proxy is None else [("grpc.http_proxy", target.proxy)]),
        # No looking up of records that would say how to behave.
        ("grpc.service_config_disable_resolution", 1),
    ]
