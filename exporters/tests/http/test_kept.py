"""Kept connections: when they are used again, and when a request is sent once more."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import subprocess
import sys
import threading

import pytest

from midspan.exporters._http import NotSentError, Request, _connection

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
BIG = bytes(20_000_000)
IS_LINUX = sys.platform == "linux"


def send(transport, body=b"body"):
    """Send a body and return the status."""
    return transport.send(Request(body, {}), 5).status


@pytest.fixture
def blind(monkeypatch):
    """Let the transport not see that a server has hung up: as it is when that happens a moment later."""
    monkeypatch.setattr(_connection, "_is_readable", lambda _: False)


def test_a_connection_that_the_server_has_closed_is_not_used(serve, open_to):
    """The request goes out once, over a new one."""
    closed = threading.Event()

    def talk(connection, number):
        server.take(connection)
        connection.sendall(OK)
        if number == 0:
            connection.close()
            closed.set()
        else:
            server.take(connection)

    server = serve(talk)
    transport = open_to(server.url)
    first = send(transport, b"1")
    assert closed.wait(5)
    assert (200, 200) == (first, send(transport, b"2"))
    assert ([b"1", b"2"], 2) == (server.received, server.connections)


@pytest.mark.skipif(not IS_LINUX, reason="only Linux tells what was acknowledged")
@pytest.mark.parametrize("body", [b"2", BIG], ids=["small", "big"])
def test_a_request_that_crosses_the_end_of_a_connection_is_sent_again_at_once(serve, open_to, blind, body):
    """The server had hung up before it came, so nobody has seen it."""
    closed = threading.Event()

    def talk(connection, number):
        server.take(connection)
        connection.sendall(OK)
        if number == 0:
            connection.close()
            closed.set()

    server = serve(talk)
    transport = open_to(server.url)
    send(transport, b"1")
    assert closed.wait(5)
    assert 200 == send(transport, body)
    assert ([b"1", body], 2) == (server.received, server.connections)


@pytest.mark.parametrize("end", ["a close", "a reset"])
def test_a_request_that_was_taken_is_not_sent_again(serve, open_to, end):
    """The server hangs up without a word: whether it has acted upon it, nobody knows here."""

    def talk(connection, number):
        server.take(connection)
        if number == 0:
            connection.sendall(OK)
            server.take(connection)
        if end == "a reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    server = serve(talk)
    transport = open_to(server.url)
    send(transport, b"1")
    with pytest.raises(NotSentError) as caught:
        send(transport, b"2")
    assert ([b"1", b"2"], 1, False) == (server.received, server.connections, caught.value.permanent)


def test_a_big_request_that_was_not_taken_whole_is_sent_again(serve, open_to):
    """The server hangs up in the middle of it."""

    def talk(connection, number):
        server.take(connection)
        connection.sendall(OK)
        if number == 0:
            connection.recv(1_000)

    server = serve(talk)
    transport = open_to(server.url)
    send(transport, b"1")
    assert 200 == send(transport, BIG)
    assert ([b"1", BIG], 2) == (server.received, server.connections)


def test_on_a_new_connection_nothing_is_sent_again(serve, open_to):
    """Who hangs up at once would do so again."""
    server = serve(lambda connection, _: connection.recv(1_000))
    for body in (b"1", BIG):
        with pytest.raises(NotSentError) as caught:
            send(open_to(server.url), body)
        assert not caught.value.permanent
    assert 2 == server.connections


@pytest.mark.parametrize("seen", [True, False])
def test_a_server_that_was_tired_of_waiting_has_not_answered(serve, open_to, monkeypatch, seen):
    """A 408 on a kept connection is about the time before the request, whether it came before or after it."""
    if not seen:
        monkeypatch.setattr(_connection, "_is_readable", lambda _: False)
    said = threading.Event()

    def talk(connection, number):
        server.take(connection)
        connection.sendall(OK)
        if number == 0:
            connection.sendall(TIMED_OUT)
            said.set()
            connection.recv(1_000)

    server = serve(talk)
    transport = open_to(server.url)
    # It would otherwise be part of what comes with the first answer.
    monkeypatch.setattr("midspan.exporters._http._incoming._CHUNK", len(OK))
    send(transport, b"1")
    assert said.wait(5)
    assert 200 == send(transport, b"2")
    assert ([b"1", b"2"], 2) == (server.received, server.connections)


def test_on_a_new_connection_408_is_an_answer(serve, open_to):
    """It is handed on."""

    def talk(connection, _):
        server.take(connection)
        connection.sendall(TIMED_OUT)

    server = serve(talk)
    assert 408 == send(open_to(server.url))


def test_what_a_server_says_unasked_is_not_taken_for_an_answer(serve, open_to, monkeypatch):
    """The connection is left."""
    monkeypatch.setattr("midspan.exporters._http._incoming._CHUNK", len(OK))
    said = threading.Event()

    def talk(connection, number):
        server.take(connection)
        connection.sendall(OK)
        if number == 0:
            connection.sendall(b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n")
            said.set()
            connection.recv(1_000)

    server = serve(talk)
    transport = open_to(server.url)
    send(transport)
    assert said.wait(5)
    assert (200, 2) == (send(transport), server.connections)


def test_an_answer_that_comes_before_the_server_has_it_all_counts(serve, open_to):
    """A gateway says 413 and hangs up, in the middle of the request."""

    def talk(connection, _):
        connection.recv(1_000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass

    server = serve(talk)
    assert (413, 1) == (send(open_to(server.url), BIG), server.connections)


def test_a_connection_that_was_idle_for_long_is_left(collector, open_to, monkeypatch):
    """Somebody on the way may have forgotten it, without a word."""
    transport = open_to(collector.url)
    send(transport)
    monkeypatch.setattr(_connection, "_MOST_IDLE_S", 0.0)
    send(transport)
    assert 2 == collector.connections


def test_threads_have_connections_of_their_own_as_long_as_they_need_them(collector, open_to):
    """And hand them on after that; no more are kept than are of use."""
    transport = open_to(collector.url)
    together = threading.Barrier(16)

    def work():
        for number in range(20):
            together.wait(10)
            send(transport, b"%d" % number)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 320 == len(collector.received)
    assert len(transport._idle) <= 16
    assert collector.connections < 320


def test_a_transport_that_is_closed_meanwhile_keeps_nothing(serve, open_to):
    """The answer that is on its way is still taken."""
    asked, closed = threading.Event(), threading.Event()

    def talk(connection, _):
        server.take(connection)
        asked.set()
        closed.wait(5)
        connection.sendall(OK)

    server = serve(talk)
    transport, statuses = open_to(server.url), []
    thread = threading.Thread(target=lambda: statuses.append(send(transport)))
    thread.start()
    assert asked.wait(5)
    transport.close()
    closed.set()
    thread.join(5)
    assert ([200], []) == (statuses, transport._idle)


def test_a_transport_that_is_forgotten_leaves_no_socket_open(collector, recwarn):
    """Nobody is warned of one."""
    from midspan.exporters._http import Endpoint, http_transport

    send(http_transport(Endpoint(collector.url)))
    assert [] == list(recwarn)


@pytest.mark.parametrize("how", ["nobody listens", "the server hangs up", "only one address answers"])
def test_a_body_is_let_go_with_the_last_who_knows_it(serve, collector, open_to, monkeypatch, how):
    """Not when the garbage collector comes by: it may be megabytes, at each attempt."""
    rude = serve(lambda connection, _: connection.recv(1_000))
    urls = {"nobody listens": "http://127.0.0.1:1", "the server hangs up": rude.url}
    if how == "only one address answers":
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (1, collector.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    body, transport = bytes(len(BIG)), open_to(urls.get(how, collector.url))
    before = sys.getrefcount(body)
    gc.disable()
    try:
        with contextlib.suppress(NotSentError):
            send(transport, body)
        assert before == sys.getrefcount(body)
    finally:
        gc.enable()


def test_a_server_by_its_ipv6_address_is_reached(serve, open_to):
    """The host's header has it in brackets."""
    hosts = []

    def talk(connection, _):
        hosts.append(connection.recv(65_536).split(b"\r\n")[1])
        connection.sendall(OK)

    try:
        server = serve(talk, host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert (200, [f"host: [::1]:{server.port}".encode()]) == (send(open_to(server.url), b""), hosts)


LIGHT = """
import sys
for name in ("requests", "urllib3", "certifi"):
    sys.modules[name] = None
from midspan import sdk, trace
from midspan.exporters.otlp import OTLPExporter
pipeline = sdk.configure(exporters=[OTLPExporter(sys.argv[1])], environment={})
trace.get_tracer("x").start_span("x").end()
assert pipeline.force_flush(10)
print(sorted({"ssl", "http.client", "http", "asyncio"} & set(sys.modules)))
"""


def test_sending_in_the_clear_needs_no_library_and_no_tls(collector):
    """What is not needed takes no memory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", LIGHT, collector.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert ("[]", 1) == (done.stdout.strip(), len(collector.received))
