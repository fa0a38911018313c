"""What code and variables say about OTLP over gRPC, and in which order it counts."""

from __future__ import annotations

import math

import pytest

from midspan.exporters.otlp import OTLPExporter
from midspan.exporters.otlp._grpc_settings import read_grpc_settings
from midspan.exporters.otlp._settings import Given
from midspan.sdk import ConfigurationError

GENERAL, OWN = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"


def target(given=None, variables=None, signal="traces"):
    """Return where and how a signal goes."""
    return read_grpc_settings(given or Given(), variables or {}, signal).target


def test_the_defaults_are_the_specifications():
    """The collector on this machine, in clear, uncompressed, ten seconds."""
    settings = read_grpc_settings(Given(), {})
    assert ("localhost:4317", False, (), "none", 10.0) == (*settings.target[:4], settings.timeout_s)


@pytest.mark.parametrize(
    ("endpoint", "insecure", "is_secure"),
    [
        ("http://c:1", None, False),
        ("https://c:1", None, True),
        # The scheme wins, whatever else is said.
        ("http://c:1", "false", False),
        ("https://c:1", "true", True),
        ("c:1", None, True),
        ("c:1", "false", True),
        ("c:1", "true", False),
        ("c:1", "TRUE", False),
        ("dns:///c:1", None, True),
        ("unix:/run/c.sock", None, False),
        ("unix:/run/c.sock", "false", True),
        ("unix-abstract:c", None, False),
    ],
)
@pytest.mark.parametrize("prefix", [GENERAL, OWN])
def test_the_scheme_says_whether_to_use_tls_before_insecure_does(endpoint, insecure, is_secure, prefix):
    """And on a Unix socket there is none, unless somebody asks for it."""
    variables = {f"{prefix}ENDPOINT": endpoint} | ({f"{prefix}INSECURE": insecure} if insecure else {})
    assert is_secure is target(variables=variables).is_secure


def test_a_certificate_asks_for_tls_on_a_unix_socket():
    """Why else would it be there?"""
    assert target(Given(endpoint="unix:/run/c.sock", certificate=__file__)).is_secure


@pytest.mark.parametrize(("insecure", "variable"), [(True, "false"), (False, "true")])
def test_code_wins_over_the_variable(insecure, variable):
    """As everywhere."""
    given = Given(endpoint="c:1", insecure=insecure)
    assert insecure is not target(given, {f"{OWN}INSECURE": variable}).is_secure


def test_the_variable_of_a_signal_wins_over_that_of_all():
    """And is nobody else's."""
    variables = {f"{GENERAL}ENDPOINT": "http://all:1", f"{OWN}ENDPOINT": "http://own:2"}
    assert ("own:2", "all:1") == (
        target(variables=variables).address,
        target(variables=variables, signal="metrics").address,
    )


def test_the_rest_is_read_as_over_http():
    """Headers, timeout, compression, files, and a proxy in code alone."""
    variables = {
        f"{GENERAL}HEADERS": "A=1",
        f"{GENERAL}TIMEOUT": "0",
        f"{OWN}COMPRESSION": "gzip",
        f"{GENERAL}CERTIFICATE": __file__,
        f"{GENERAL}CLIENT_CERTIFICATE": __file__,
        f"{GENERAL}CLIENT_KEY": __file__,
    }
    settings = read_grpc_settings(Given(proxy="http://proxy:3128"), variables)
    assert math.inf == settings.timeout_s
    assert ((("a", "1"),), "gzip", *[__file__] * 3, "http://proxy:3128") == settings.target[2:]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (Given(endpoint="http://c/v1/traces"), "endpoint='http://c/v1/traces'"),
        (Given(insecure="yes"), "insecure='yes'"),  # type: ignore[arg-type]
        (Given(headers={"a b": "c"}), "headers='a b'"),
        (Given(compression="zip"), "compression='zip'"),
        (Given(timeout=0), "timeout_s=0"),
        (Given(proxy="c:3128"), "proxy='c:3128'"),
        (Given(certificate="/no/such/file"), "certificate='/no/such/file'"),
    ],
)
def test_a_bad_argument_is_refused_by_name(given, word):
    """With what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        read_grpc_settings(given, {})
    assert word in str(caught.value)


def test_a_transport_for_http_is_refused():
    """It would be passed over in silence otherwise."""
    with pytest.raises(ConfigurationError, match="transport="):
        OTLPExporter(protocol="grpc", transport=object(), environment={})  # type: ignore[arg-type]
