"""TLS: who is trusted, who is not, and how soon that is known."""

from __future__ import annotations

import pytest

from exporters.tests.otlp.conftest import TLS, server_tls
from midspan.exporters._http._transport import HTTPTransport
from midspan.exporters.otlp import NotSentError, Request
from midspan.exporters.otlp._settings import Given, read_settings

CA, CLIENT, KEY = TLS / "ca.pem", TLS / "client.pem", TLS / "client.key"


def send(url, **given):
    """Send one request; return the status."""
    transport = HTTPTransport(read_settings(Given(endpoint=url, **given), {}).endpoint)
    try:
        return transport.send(Request(b"payload", {}), 5).status
    finally:
        transport.close()


def test_a_server_with_a_certificate_of_the_configured_authority_is_trusted(tls_collector):
    """The request arrives."""
    collector = tls_collector(server_tls())
    assert (200, 1) == (send(collector.url, certificate=CA), len(collector.received))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_configured_authority_wins_over_those_of_the_environment(tls_collector, monkeypatch, variable):
    """A bundle that does not hold it changes nothing."""
    import certifi

    monkeypatch.setenv(variable, certifi.where())
    assert 200 == send(tls_collector(server_tls()).url, certificate=CA)


def test_without_a_configured_authority_the_environments_count(tls_collector, monkeypatch):
    """A company's own authority is often said in this way, for all programs."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CA))
    assert 200 == send(tls_collector(server_tls()).url)


@pytest.mark.parametrize(("name", "authority"), [("server", None), ("elsewhere", CA)], ids=["who", "where"])
def test_a_certificate_error_is_permanent_and_quick(tls_collector, elapsed, name, authority):
    """An authority that nobody trusts, and a certificate for another host."""
    collector = tls_collector(server_tls(name))
    with pytest.raises(NotSentError, match=r"CERTIFICATE_VERIFY_FAILED|CertificateError") as caught:
        send(collector.url, certificate=authority)
    assert (True, True, 0) == (caught.value.permanent, elapsed() < 1, len(collector.received))


def test_tls_goes_through_a_proxy(tls_collector, tunnel):
    """The proxy learns the host and nothing else; the certificate is the collector's."""
    collector = tls_collector(server_tls())
    proxy = tunnel(collector.port)
    assert 200 == send("https://localhost:4318", certificate=CA, proxy=proxy.url)
    assert (["CONNECT localhost:4318 HTTP/1.1"], 1) == (
        [line.replace("HTTP/1.0", "HTTP/1.1") for line in proxy.asked],
        len(collector.received),
    )


def test_a_proxy_that_does_not_open_the_tunnel_ends_with_the_deadline(speak, elapsed):
    """It drips its answer."""
    transport = HTTPTransport(
        read_settings(
            Given(endpoint="https://localhost:4318", proxy=speak(b"HTTP/1.1 200 OK" * 99)), {}
        ).endpoint
    )
    with pytest.raises(NotSentError, match="no complete answer"):
        transport.send(Request(b"payload", {}), 0.5)
    assert elapsed() < 1


def test_a_client_proves_who_it_is(tls_collector):
    """With a certificate and its key."""
    collector = tls_collector(server_tls(client_ca=True))
    assert 200 == send(collector.url, certificate=CA, client_certificate=CLIENT, client_key=KEY)


def test_a_client_that_does_not_is_refused(tls_collector):
    """By the server; nothing arrives."""
    collector = tls_collector(server_tls(client_ca=True))
    with pytest.raises(NotSentError):
        send(collector.url, certificate=CA)
    assert [] == collector.received


def test_certificate_and_key_may_stand_in_one_file(tls_collector, tmp_path):
    """As many tools write them."""
    both = tmp_path / "both.pem"
    both.write_bytes(CLIENT.read_bytes() + KEY.read_bytes())
    collector = tls_collector(server_tls(client_ca=True))
    assert 200 == send(collector.url, certificate=CA, client_certificate=both)
