"""Whom to trust where no certificate is configured, and what is wrong with one that is."""

from __future__ import annotations

import os
import shutil
import socket
import threading

import pytest

from exporters.tests.otlp.conftest import TLS, server_tls
from midspan.exporters._http import NotSentError, Request, _tls

CA, CLIENT, KEY = (str(TLS / name) for name in ("ca.pem", "client.pem", "client.key"))
REQUEST = Request(b"", {})


@pytest.fixture
def no_certifi(monkeypatch):
    """Do without the library."""
    monkeypatch.setattr(_tls, "_CERTIFIS", None)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_without_certifi_the_authorities_of_the_system_are_trusted(
    tls_collector, open_to, no_certifi, monkeypatch
):
    """As OpenSSL finds them."""
    monkeypatch.setenv("SSL_CERT_FILE", CA)
    assert 200 == open_to(tls_collector(server_tls()).url).send(REQUEST, 5).status


def test_where_nobody_is_to_be_trusted_that_is_said(tls_collector, open_to, no_certifi, monkeypatch):
    """Rather than that this one is not."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    with pytest.raises(NotSentError, match="no authority to trust was found") as caught:
        open_to(tls_collector(server_tls()).url).send(REQUEST, 5)
    assert caught.value.permanent


def test_with_certifi_its_authorities_are_trusted_and_no_others(tls_collector, open_to, monkeypatch):
    """What OpenSSL's variables name does not count."""
    monkeypatch.setenv("SSL_CERT_FILE", CA)
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        open_to(tls_collector(server_tls()).url).send(REQUEST, 5)
    monkeypatch.setattr(_tls, "_CERTIFIS", CA)
    assert 200 == open_to(tls_collector(server_tls()).url).send(REQUEST, 5).status


def test_a_folder_of_authorities_may_be_named(tls_collector, open_to, monkeypatch, tmp_path):
    """Hashed, as OpenSSL has it."""
    # `openssl x509 -subject_hash -noout -in ca.pem`
    shutil.copy(CA, tmp_path / "f08f2d48.0")
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path))
    assert 200 == open_to(tls_collector(server_tls()).url).send(REQUEST, 5).status


def test_a_bundle_that_is_not_there_is_named(open_to, serve, monkeypatch):
    """It may be there later."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    url = serve(lambda connection, _: connection.recv(1)).url.replace("http:", "https:")
    with pytest.raises(NotSentError, match=r"FileNotFoundError.*/nowhere/ca\.pem") as caught:
        open_to(url).send(REQUEST, 5)
    assert not caught.value.permanent


def test_a_certificate_that_was_replaced_is_taken_up(tls_collector, open_to, tmp_path):
    """With the next connection."""
    authority = tmp_path / "ca.pem"
    shutil.copy(TLS / "elsewhere.pem", authority)
    transport = open_to(tls_collector(server_tls()).url, {}, str(authority))
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        transport.send(REQUEST, 5)
    shutil.copy(CA, authority)
    assert 200 == transport.send(REQUEST, 5).status


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((__file__,), rf"SSLError: .*{__file__}"),
        ((CA, CLIENT, str(TLS / "server.key")), r"SSLError: .*server\.key.*MISMATCH"),
        ((CA, CLIENT, str(TLS / "encrypted.key")), r"encrypted\.key: it is encrypted: name one that is not"),
    ],
    ids=["no certificate", "another's key", "a key with a password"],
)
def test_a_file_that_cannot_be_used_is_named_and_final(tls_collector, open_to, options, said):
    """Nobody is asked for a password."""
    with pytest.raises(NotSentError, match=said) as caught:
        open_to(tls_collector(server_tls()).url, {}, *options).send(REQUEST, 5)
    assert caught.value.permanent


def test_a_server_that_hangs_up_during_the_handshake_may_do_better_later(serve, open_to):
    """It is about to start, say: that is no error of TLS's."""
    url = serve(lambda connection, _: connection.recv(1_000)).url
    with pytest.raises(NotSentError) as caught:
        open_to(url.replace("http:", "https:"), {}, CA).send(REQUEST, 5)
    assert not caught.value.permanent


def test_a_handshake_in_drips_ends_with_the_deadline(serve, open_to, elapsed):
    """Each byte comes soon enough."""
    done = threading.Event()

    def talk(connection, _):
        for byte in b"\x16\x03\x03\x3f\xff\x02" + bytes(100):
            connection.sendall(bytes([byte]))
            done.wait(0.05)

    with pytest.raises(NotSentError, match="no complete answer"):
        open_to(serve(talk).url.replace("http:", "https:"), {}, CA).send(REQUEST, 0.5)
    assert elapsed() < 1
    done.set()


def test_over_tls_requests_share_a_connection_and_a_stale_one_is_left(tls_collector, open_to):
    """As without."""
    collector = tls_collector(server_tls())
    transport = open_to(collector.url, {}, CA)
    for _ in range(3):
        transport.send(Request(bytes(100_000), {}), 5)
    assert (3, 1) == (len(collector.received), collector.connections)


def test_what_a_server_says_unasked_over_tls_is_not_taken_for_an_answer(serve, open_to):
    """It may have come with the answer before it, and be waiting where the system knows nothing of it."""
    tls, ok = server_tls(), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    def talk(connection, number):
        # Both in one packet, so that they come together.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        with tls.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(ok)
            if number == 0:
                secure.sendall(ok.replace(b"200", b"503"))
            connection_of_system = socket.socket(fileno=os.dup(secure.fileno()))
            connection_of_system.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            connection_of_system.close()
            secure.recv(65_536)

    server = serve(talk)
    transport = open_to(server.url.replace("http:", "https:"), {}, CA)
    assert [200, 200] == [transport.send(REQUEST, 5).status for _ in range(2)]
    assert 2 == server.connections


def test_a_host_whose_name_ends_in_a_dot_is_the_same_host(tls_collector, open_to, monkeypatch):
    """Certificates are written without it."""
    collector, look_up = tls_collector(server_tls()), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: look_up(host[:-1], *rest, **more))
    transport = open_to(f"https://localhost.:{collector.port}", {}, CA)
    assert 200 == transport.send(REQUEST, 5).status
