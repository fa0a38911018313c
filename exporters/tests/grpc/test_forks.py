"""A process that has used gRPC forks: parent and child go on, and neither waits for the other's calls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from midspan.exporters._grpc import Target, grpc_channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What a test does in a child, and the seconds after which the child has hung.
_PATIENCE_S = 20


def in_child(function: Callable[[], object]) -> int:
    """Return the exit status of a child: 0 if the function returned something true, a signal if it hung."""
    with warnings.catch_warnings():
        # That other threads are there is what these tests are about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        signal.alarm(_PATIENCE_S)
        os._exit(0 if function() else 1)
    return os.waitpid(child, 0)[1]


def is_well(channel) -> bool:
    """Say whether a call arrives."""
    return channel.call("/x/Y", b"body", 10).code == "OK"


SCRIPT = """
import sys
sys.path[:0] = [sys.argv[1]]
from exporters.tests.grpc.server import Server
server = Server()
server.answer = lambda called, _: server.hang() if "Hang" in called.method else b""
print(server.address, flush=True)
sys.stdin.read()
server.close()
"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Return the address of a server in another process: here its threads would be in a fork's way."""
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parents[3])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def test_a_child_opens_a_connection_of_its_own(elsewhere):
    """And the parent's goes on serving the parent."""
    channel = grpc_channel(Target(elsewhere), "grpc")
    assert is_well(channel)
    assert [0] * 3 == [in_child(lambda: is_well(channel)) for _ in range(3)]
    assert is_well(channel)
    channel.close()


def test_a_child_of_a_child_does_so_too(elsewhere):
    """However deep."""
    channel = grpc_channel(Target(elsewhere), "grpc")
    assert is_well(channel)
    assert 0 == in_child(lambda: is_well(channel) and in_child(lambda: is_well(channel)) == 0)
    channel.close()


def test_a_child_that_does_not_call_may_close(elsewhere):
    """Nothing of the parent's is closed."""
    channel = grpc_channel(Target(elsewhere), "grpc")
    assert is_well(channel)
    assert 0 == in_child(lambda: channel.close() is None)
    assert is_well(channel)
    channel.close()


def test_calls_that_are_made_all_the_while_do_not_end_up_in_a_child(elsewhere):
    """Three threads call without a pause, and no fork finds one of them inside.

    A call that a busy machine has not ended by then is cancelled, which says that it may be made again.
    """
    channel, stop, codes = grpc_channel(Target(elsewhere), "grpc"), threading.Event(), []

    def work() -> None:
        own = grpc_channel(Target(elsewhere), "grpc")
        while not stop.is_set():
            codes.append(own.call("/x/Y", bytes(10_000), 10).code)
        own.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert [0] * 20 == [in_child(lambda: is_well(channel)) for _ in range(20)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert "OK" in codes
    assert set(codes) <= {"OK", "CANCELLED"}
    channel.close()


def test_a_fork_waits_a_moment_for_a_call_that_hangs_and_then_cancels_it(elsewhere):
    """It ends as one that may be made again, and the child is well."""
    channel, replies = grpc_channel(Target(elsewhere), "grpc"), []
    thread = threading.Thread(target=lambda: replies.append(channel.call("/x/Hang", b"", 20)))
    thread.start()
    time.sleep(0.2)
    began_s = time.monotonic()
    assert 0 == in_child(lambda: is_well(channel))
    thread.join()
    assert ([("CANCELLED", False)], True) == (
        [(reply.code, reply.is_final) for reply in replies],
        time.monotonic() - began_s < 5,
    )
    assert is_well(channel)
    channel.close()


def test_where_grpc_is_told_not_to_come_through_a_fork_the_child_is_told_so(elsewhere, monkeypatch):
    """A call would hang: it is refused instead."""
    channel = grpc_channel(Target(elsewhere), "grpc")
    assert is_well(channel)
    monkeypatch.setenv("GRPC_ENABLE_FORK_SUPPORT", "0")

    def is_refused() -> bool:
        reply = channel.call("/x/Y", b"body", 10)
        return reply.is_final and "GRPC_ENABLE_FORK_SUPPORT=0" in reply.message

    assert 0 == in_child(is_refused)
    assert is_well(channel)
    channel.close()
