"""The remedy for each common mistake, in the words of the variable that mends it."""

from __future__ import annotations

import pytest

from midspan.cli.doctor._hints import Case, remedy_of
from midspan.cli.doctor._network import Place, Reached


def seen(url: str = "http://collector:4318/v1/traces", state: str = "open", **more: object) -> Reached:
    """Return what was seen at an address."""
    scheme, _, rest = url.partition("://")
    host, _, rest = rest.partition(":")
    port, slash, path = rest.partition("/")
    return Reached(Place(scheme, host, int(port), slash + path), state, **more)


def remedy(
    said: str, reached: Reached | None = None, *, exporter: str = "otlp", is_grpc: bool = False
) -> str:
    """Return what is to be done."""
    return remedy_of(Case(exporter, "spans", said, is_grpc, reached))


GRPC_PORT, HTTP_PORT = "http://collector:4317/v1/traces", "http://collector:4318/v1/traces"
HINTS = {
    "HTTP to the gRPC port": (
        ("the answer is not HTTP/1.1", seen(GRPC_PORT, speaks="http/2")),
        (
            "port 4317 speaks HTTP/2, as gRPC does: OTLP over HTTP is usually at port 4318 "
            "(OTEL_EXPORTER_OTLP_ENDPOINT); or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
        ),
    ),
    "http to a port with TLS": (
        ("the server hung up", seen(HTTP_PORT, is_tls=True)),
        "port 4318 speaks TLS: write https:// in OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    "https to a port without TLS": (
        ("SSLError: WRONG_VERSION_NUMBER", seen("https://collector:4318/", speaks="http/1.1")),
        (
            "port 4318 does not speak TLS: "
            "write http:// in OTEL_EXPORTER_OTLP_ENDPOINT, or have the backend use TLS"
        ),
    ),
    "an unknown authority": (
        ("SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate", None),
        (
            "nobody here trusts who signed its certificate: "
            "name that authority's PEM file in OTEL_EXPORTER_OTLP_CERTIFICATE"
        ),
    ),
    "another host's certificate": (
        ("CERTIFICATE_VERIFY_FAILED: Hostname mismatch", None),
        "the certificate is for another host: use the name that it was issued for in the endpoint",
    ),
    "an old certificate": (
        ("CERTIFICATE_VERIFY_FAILED: certificate has expired", None),
        "the certificate is out of its time: renew it, or set this machine's clock",
    ),
    "no client certificate": (
        ("SSLError: TLSV13_ALERT_CERTIFICATE_REQUIRED", None),
        (
            "the backend wants to know who is calling: "
            "give OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and a client key"
        ),
    ),
    "401": (
        ("HTTP 401", seen()),
        (
            "whoever sends is not known there: check the key or token "
            "(OTEL_EXPORTER_OTLP_HEADERS=api-key=..., percent-encoded)"
        ),
    ),
    "403": (
        ("HTTP 403", seen()),
        (
            "whoever sends may not do this: check the key or token "
            "(OTEL_EXPORTER_OTLP_HEADERS=api-key=..., percent-encoded)"
        ),
    ),
    "404 without the path": (
        ("HTTP 404", seen("http://collector:4318/")),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is taken as it is: its path is usually /v1/traces",
    ),
    "404 with the path": (
        ("HTTP 404", seen()),
        "nothing is taken at this path, or not at this port: check the path in OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    "a redirect": (
        ("HTTP 301", seen()),
        "redirects are not followed: write the final address in OTEL_EXPORTER_OTLP_ENDPOINT",
    ),
    "415": (
        ("HTTP 415", seen()),
        (
            "the backend wants another form: "
            "set OTEL_EXPORTER_OTLP_PROTOCOL, or OTEL_EXPORTER_OTLP_COMPRESSION=none"
        ),
    ),
    "501": (("HTTP 501", seen()), "the backend met an error of its own: look into its log"),
    "an unknown host": (
        ("NameResolutionError", seen(state="unknown host")),
        (
            "collector cannot be looked up from here: check its spelling (OTEL_EXPORTER_OTLP_ENDPOINT), "
            "and whether this machine or container sees that name"
        ),
    ),
    "silence": (
        ("no complete answer within 10 s", seen()),
        "it takes the connection and does not answer in time: another service, or one that is overloaded?",
    ),
    "something else": (("ValueError: odd", seen()), ""),
}


@pytest.mark.parametrize("name", HINTS)
def test_a_mistake_is_told_with_what_mends_it(name):
    """The variable that is to be changed is named."""
    case, expected = HINTS[name]
    assert expected == remedy(*case)


def test_grpc_to_the_port_for_http_is_told():
    """The other way round, whatever gRPC calls it."""
    said = remedy(
        "UNAVAILABLE: Trying to connect an http1.x server", seen(HTTP_PORT, speaks="http/1.1"), is_grpc=True
    )
    expected = "port 4318 speaks HTTP/1.1, not gRPC: gRPC is usually at port 4317"
    assert (expected, True) == (
        said[: len(expected)],
        said.endswith("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
    )


@pytest.mark.parametrize("status", ["UNAUTHENTICATED", "PERMISSION_DENIED"])
def test_the_status_of_grpc_is_understood_as_well(status):
    """A key is a key."""
    assert "check the key or token" in remedy(f"{status}: no", seen(), is_grpc=True)


def test_an_exporter_without_such_a_variable_is_spoken_of_in_words():
    """What somebody else's exporter is told by, only its author knows."""
    expected = "port 4318 speaks TLS: write https:// in its endpoint"
    assert expected == remedy("closed", seen(HTTP_PORT, is_tls=True), exporter="theirs")


def test_a_container_is_reminded_of_where_localhost_is():
    """Nobody listens on this machine: perhaps it is another one."""
    assert "Inside a container" in remedy("refused", seen("http://localhost:4318/", "refused"))
