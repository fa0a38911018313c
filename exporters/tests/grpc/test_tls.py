"""TLS: who is trusted, who is not, and that the latter is known at once, and for good."""

from __future__ import annotations

import pytest

from exporters.tests.grpc.server import server_credentials
from exporters.tests.otlp.conftest import TLS
from midspan.exporters._grpc import Target, grpc_channel

CA, CLIENT, KEY = (str(TLS / name) for name in ("ca.pem", "client.pem", "client.key"))


def call(address, **target):
    """Call a method once, over TLS."""
    channel = grpc_channel(Target(address, is_secure=True, **target), "grpc")
    try:
        return channel.call("/x/Y", b"body", 5)
    finally:
        channel.close()


def assert_final(reply, elapsed):
    """It says so, at once."""
    assert ("UNAVAILABLE", True, True) == (reply.code, reply.is_final, elapsed() < 3), reply


def test_a_server_with_a_certificate_of_the_configured_authority_is_trusted(start, monkeypatch):
    """Whatever a variable says about whom to trust otherwise."""
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(TLS / "elsewhere.pem"))
    server = start(credentials=server_credentials())
    assert ("OK", 1) == (call(server.address, certificate=CA).code, len(server.called))


def test_a_server_of_an_unknown_authority_is_refused(start, elapsed):
    """For good: its certificate will be no other at the next attempt."""
    server = start(credentials=server_credentials())
    assert_final(call(server.address), elapsed)
    assert [] == server.called


def test_a_certificate_of_another_host_is_refused(start, elapsed):
    """Though its authority is trusted."""
    server = start(credentials=server_credentials("elsewhere"))
    assert_final(call(server.address, certificate=CA), elapsed)


def test_a_client_proves_who_it_is(start):
    """With its certificate and key."""
    server = start(credentials=server_credentials(client_ca=True))
    reply = call(server.address, certificate=CA, client_certificate=CLIENT, client_key=KEY)
    assert "OK" == reply.code


def test_a_client_that_does_not_say_who_it_is_gets_nowhere(start):
    """The server hangs up after the handshake: gRPC cannot tell that from another failure."""
    server = start(credentials=server_credentials(client_ca=True))
    assert ("UNAVAILABLE", 0) == (call(server.address, certificate=CA).code, len(server.called))


def test_a_server_without_tls_is_refused(server, elapsed):
    """It answers in a way that is no handshake."""
    assert_final(call(server.address, certificate=CA), elapsed)


def test_a_client_without_tls_gets_nowhere(start):
    """And does not send its metadata to anybody."""
    server = start(credentials=server_credentials())
    channel = grpc_channel(Target(server.address), "grpc")
    assert ("UNAVAILABLE", []) == (channel.call("/x/Y", b"body", 2).code, server.called)
    channel.close()


def test_files_are_read_again_for_each_connection(start, tmp_path):
    """A certificate that was replaced is taken without a restart."""
    server = start(credentials=server_credentials())
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes((TLS / "elsewhere.pem").read_bytes())
    channel = grpc_channel(Target(server.address, is_secure=True, certificate=str(bundle)), "grpc")
    assert "UNAVAILABLE" == channel.call("/x/Y", b"", 5).code
    bundle.write_bytes((TLS / "ca.pem").read_bytes())
    assert "OK" == channel.call("/x/Y", b"", 5).code
    channel.close()


def test_a_file_that_has_gone_is_a_failure(start, tmp_path):
    """For as long as it is not there."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes((TLS / "ca.pem").read_bytes())
    channel = grpc_channel(Target("127.0.0.1:9", is_secure=True, certificate=str(bundle)), "grpc")
    bundle.unlink()
    reply = channel.call("/x/Y", b"", 5)
    assert ("UNAVAILABLE", False, True) == (reply.code, reply.is_final, "FileNotFoundError" in reply.message)


def test_a_bundle_that_holds_no_certificate_is_a_failure(start, tmp_path, elapsed):
    """Told in a call, for gRPC looks at it then; and final."""
    bundle = tmp_path / "ca.pem"
    bundle.write_text("nothing")
    server = start(credentials=server_credentials())
    assert_final(call(server.address, certificate=str(bundle)), elapsed)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_other_variables_do_not_count(start, monkeypatch, variable):
    """They are other libraries'."""
    monkeypatch.setenv(variable, str(TLS / "ca.pem"))
    server = start(credentials=server_credentials())
    assert "UNAVAILABLE" == call(server.address).code
