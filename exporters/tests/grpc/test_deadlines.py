"""One deadline for a call, whatever the network does."""

from __future__ import annotations

import contextlib
import socket

import pytest

from midspan.exporters._grpc import Target, grpc_channel

TIMEOUT_S = 0.4
SLACK_S = 0.6  # the machine may be busy with something else
# The empty SETTINGS of a server that speaks HTTP/2, and the head of a DATA frame that does not come.
SETTINGS = bytes.fromhex("000000040000000000")


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(
    ("data", "at_once"),
    [(b"", 1), (SETTINGS * 50, 1), (SETTINGS, len(SETTINGS))],
    ids=["silent", "a byte at a time", "settings only"],
)
def test_a_server_that_draws_it_out_ends_with_the_deadline(speak, elapsed, data, at_once, is_secure):
    """In the handshake, in the answer, or before it."""
    address = speak(data, at_once=at_once).removeprefix("http://")
    channel = grpc_channel(Target(address, is_secure=is_secure), "grpc")
    reply = channel.call("/x/Y", b"body", TIMEOUT_S)
    took_s = elapsed()
    channel.close()
    assert not reply.bodies
    assert reply.code in {"DEADLINE_EXCEEDED", "UNAVAILABLE"}
    assert took_s <= TIMEOUT_S + SLACK_S


def test_a_server_that_does_not_take_the_request_ends_with_the_deadline(speak, elapsed):
    """Sending waits, too."""
    address = speak(b"", reads=False).removeprefix("http://")
    channel = grpc_channel(Target(address), "grpc")
    assert "DEADLINE_EXCEEDED" == channel.call("/x/Y", bytes(30_000_000), TIMEOUT_S).code
    channel.close()
    assert elapsed() <= TIMEOUT_S + SLACK_S


def test_a_connection_that_is_not_made_ends_with_the_deadline(elapsed):
    """A listener whose queue is full lets everybody wait."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        channel = grpc_channel(Target(f"127.0.0.1:{full.getsockname()[1]}"), "grpc")
        assert "DEADLINE_EXCEEDED" == channel.call("/x/Y", b"body", TIMEOUT_S).code
        channel.close()
    assert elapsed() <= TIMEOUT_S + SLACK_S


def test_a_hanging_method_ends_with_the_deadline(server, elapsed):
    """And the next call has its own time, on a connection of its own."""
    server.answer = server.hang
    channel = grpc_channel(Target(server.address), "grpc")
    assert "DEADLINE_EXCEEDED" == channel.call("/x/Y", b"body", TIMEOUT_S).code
    assert elapsed() <= TIMEOUT_S + SLACK_S
    server.answer = lambda *_: b"well"
    assert (b"well",) == channel.call("/x/Y", b"body", 5).bodies
    channel.close()


def test_a_name_that_does_not_resolve_is_a_failure(elapsed):
    """Said as what it is."""
    channel = grpc_channel(Target("collector.invalid:4317"), "grpc")
    reply = channel.call("/x/Y", b"body", 2)
    channel.close()
    assert reply.code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    assert elapsed() <= 2 + SLACK_S
