"""What is seen at an address: whether there is such a host, who listens, what is spoken there, and when."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from midspan.cli.doctor._network import Place, places_in, reach

# What a server of HTTP/2 says first: SETTINGS, empty, of stream 0.
SETTINGS = bytes.fromhex("000000040000000000")


@pytest.fixture
def speak():
    """Return a function that starts a server which says some bytes to whoever connects; it gives its port."""
    listeners = []

    def start(data: bytes, *, waits: bool = False) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_serve, args=(listener, data, waits), daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _serve(listener: socket.socket, data: bytes, waits: bool) -> None:
    with contextlib.suppress(OSError), contextlib.ExitStack() as kept:
        while True:
            connection, _ = listener.accept()
            kept.enter_context(connection)
            if not waits:
                with contextlib.suppress(OSError):
                    connection.sendall(data)
                    connection.recv(65_536)
                connection.close()


def look(port: int, scheme: str = "http", host: str = "127.0.0.1", timeout_s: float = 2.0):
    """Look at one place."""
    (reached,) = reach([Place(scheme, host, port, "")], timeout_s)
    return reached


@pytest.mark.parametrize(
    ("addresses", "places"),
    [
        ("http://a/v1 https://b:1/", [("http", "a", 80, "/v1"), ("https", "b", 1, "/")]),
        ("kafka-1:9092,kafka-2:9092", [("tcp", "kafka-1", 9092, ""), ("tcp", "kafka-2", 9092, "")]),
        ("udp://[::1]:6831", [("udp", "::1", 6831, "")]),
        ("telemetry.jsonl", []),
        ("http://[broken http://a:port", []),
        ("", []),
    ],
)
def test_addresses_are_taken_apart(addresses, places):
    """As exporters write them; what is no place on a network is none."""
    assert places == places_in(addresses)


def test_a_server_of_http_is_known_by_its_answer(server):
    """It is open, speaks HTTP/1.1 in the clear, and its clock goes as ours."""
    reached = look(server.port)
    assert ("open", "http/1.1", False) == (reached.state, reached.speaks, reached.is_tls)
    assert abs(reached.skew_s) <= 2


def test_a_server_of_http_2_is_known_by_its_first_frame(speak):
    """Such is the port for gRPC."""
    assert ("open", "http/2") == look(speak(SETTINGS))[1::3]


def test_a_port_that_nobody_listens_at_is_refused():
    """The system says so at once."""
    assert "refused" == look(1).state


def test_a_host_that_is_not_there_is_unknown():
    """Names under .invalid never are (RFC 6761)."""
    assert "unknown host" == look(80, host="collector.invalid").state


def test_a_server_that_says_nothing_is_open_and_no_more(speak):
    """It is left after a moment."""
    began = time.monotonic()
    reached = look(speak(b"", waits=True), timeout_s=0.2)
    assert ("open", "", True) == (reached.state, reached.speaks, time.monotonic() - began < 2)


def test_what_is_not_http_is_connected_to_and_left_alone(speak):
    """Of other schemes nothing is asked."""
    assert ("open", "") == look(speak(SETTINGS), scheme="tcp")[1::3]


def test_a_datagram_has_nobody_to_connect_to():
    """Only its host can be looked up."""
    assert ("open", "unknown host") == (
        look(6831, scheme="udp").state,
        look(6831, scheme="udp", host="agent.invalid").state,
    )


@pytest.mark.parametrize("date", ["soon", "Thu, 99 Foo 2026 00:00:00 GMT", ""])
def test_a_date_that_is_none_says_nothing(server, date):
    """Only a clock that can be read is compared."""
    server.date = date or "-"
    assert look(server.port).skew_s is None
