"""Proxies: in the clear and over TLS, for http and for https, and those that refuse."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

from exporters.tests.otlp.conftest import TLS, server_tls
from midspan.exporters._http import NotSentError, Request

CA = str(TLS / "ca.pem")


def pass_on(one, other):
    """Hand on what comes from one side to the other, until it ends."""
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(serve):
    """Return a function that starts a proxy to one port, and gives its URL and what it was asked."""

    def start(port, tls=None):
        asked = []

        def talk(connection, _):
            client = tls.wrap_socket(connection, server_side=True) if tls else connection
            first = client.recv(65_536)
            asked.append(first)
            with socket.create_connection(("127.0.0.1", port)) as server:
                if first.startswith(b"CONNECT"):
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nvia: x\r\n\r\n")
                else:
                    server.sendall(first)
                threading.Thread(target=pass_on, args=(client, server), daemon=True).start()
                pass_on(server, client)
            client.close()

        url = serve(talk).url
        return (url.replace("http:", "https:") if tls else url).replace("//", "//me:secret@"), asked

    return start


@pytest.mark.parametrize("secure", [True, False])
def test_a_collector_over_tls_is_reached_through_a_tunnel(tls_collector, proxy, open_to, secure):
    """Small requests and large ones, over one connection; what is asked of the proxy, it alone sees."""
    collector = tls_collector(server_tls())
    url, asked = proxy(collector.port, server_tls() if secure else None)
    transport = open_to("https://localhost:4318/v1/traces", {"a": "b"}, CA, proxy=url)
    bodies = [b"1", bytes(3_000_000), b"3"]
    assert [200] * 3 == [transport.send(Request(body, {}), 10).status for body in bodies]
    assert (bodies, 1) == ([received.body for received in collector.received], collector.connections)
    assert asked[0].startswith(b"CONNECT localhost:4318 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic bWU6c2VjcmV0\r\n" in asked[0]
    assert not {"proxy-authorization"} & set(collector.received[0].headers)


@pytest.mark.parametrize("secure", [True, False])
def test_a_collector_in_the_clear_is_asked_for_by_its_url(collector, proxy, open_to, secure):
    """The proxy takes the request, over TLS if it likes."""
    url, asked = proxy(collector.port, server_tls() if secure else None)
    transport = open_to("http://collector.invalid/v1/traces", {}, CA, proxy=url)
    assert [200, 200] == [transport.send(Request(b"", {}), 5).status for _ in range(2)]
    assert asked[0].startswith(b"POST http://collector.invalid/v1/traces HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic bWU6c2VjcmV0\r\n" in asked[0]


def test_a_proxy_is_not_shown_the_clients_certificate(tls_collector, proxy, open_to):
    """It is for the collector, who asks for it."""
    collector, tls, shown = tls_collector(server_tls(client_ca=True)), server_tls(client_ca=True), []
    tls.verify_mode = ssl.CERT_OPTIONAL
    tls.sni_callback = lambda sock, *_: shown.append(sock)
    url, _ = proxy(collector.port, tls)
    client = str(TLS / "client.pem"), str(TLS / "client.key")
    transport = open_to("https://localhost", {}, CA, *client, url.replace("127.0.0.1", "localhost"))
    assert 200 == transport.send(Request(b"", {}), 5).status
    assert [None] == [sock.getpeercert() for sock in shown]


def test_behind_a_proxy_over_tls_the_collector_is_checked_as_well(tls_collector, proxy, open_to):
    """Its certificate is for another host."""
    collector = tls_collector(server_tls("elsewhere"))
    url, _ = proxy(collector.port, server_tls())
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        open_to("https://localhost", {}, CA, proxy=url).send(Request(b"", {}), 5)
    assert (True, []) == (caught.value.permanent, collector.received)


def test_behind_a_proxy_over_tls_the_deadline_holds(serve, proxy, open_to, elapsed):
    """The collector drips what could be a handshake."""

    def talk(connection, _):
        for byte in b"\x16\x03\x03\x3f\xff\x02" + bytes(100):
            connection.sendall(bytes([byte]))
            done.wait(0.05)

    done = threading.Event()
    url, _ = proxy(serve(talk).port, server_tls())
    with pytest.raises(NotSentError, match="no complete answer"):
        open_to("https://localhost", {}, CA, proxy=url).send(Request(b"", {}), 0.5)
    assert elapsed() < 1
    done.set()


@pytest.mark.parametrize(("status", "final"), [(407, True), (403, True), (302, True), (502, False)])
def test_a_proxy_that_opens_no_tunnel_is_named(serve, open_to, status, final):
    """With its status, by which it is final or not; nobody learns what the proxy was told."""

    def talk(connection, _):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n" % status)

    url = serve(talk).url.replace("//", "//me:secret@")
    with pytest.raises(NotSentError) as caught:
        open_to("https://localhost", proxy=url).send(Request(b"", {}), 5)
    expected = f"the proxy opened no tunnel: HTTP {status}"
    assert (expected, final) == (str(caught.value), caught.value.permanent)


def test_a_proxy_that_talks_into_the_tunnel_is_left(serve, open_to):
    """What it says there would be taken for the collector's."""

    def talk(connection, _):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nmore")
        connection.recv(65_536)

    with pytest.raises(NotSentError, match="the proxy said more"):
        open_to("https://localhost", proxy=serve(talk).url).send(Request(b"", {}), 5)
