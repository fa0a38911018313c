from __future__ import annotations

import math

import pytest

from exporters.tests.otlp.conftest import TLS
from midspan.exporters._grpc import Target
from midspan.exporters.opencensus_agent import OpenCensusAgentExporter
from midspan.exporters.opencensus_agent._settings import Given, read_settings
from midspan.sdk import ConfigurationError

PREFIX = "MIDSPAN_OPENCENSUS_AGENT_"
CA = str(TLS / "ca.pem")


def test_the_defaults_are_opencensuss():
    """The agent on this machine, without TLS; ten seconds."""
    assert (Target("localhost:55678"), 10.0) == read_settings(Given(), {})


def test_variables_count():
    """Endpoint, headers, and timeout in milliseconds."""
    variables = {"ENDPOINT": "https://agent:1", "HEADERS": "a=b,c=d%20e", "TIMEOUT": "1500"}
    settings = read_settings(Given(), {PREFIX + name: value for name, value in variables.items()})
    assert (Target("agent:1", is_secure=True, metadata=(("a", "b"), ("c", "d e"))), 1.5) == settings


def test_code_wins_over_variables():
    """What it leaves out is read from them."""
    variables = {PREFIX + "ENDPOINT": "other", PREFIX + "TIMEOUT": "0", "OC_AGENT_HOST": "third"}
    settings = read_settings(Given(endpoint="agent:1"), variables)
    assert ("agent:1", math.inf) == (settings.target.address, settings.timeout_s)


def test_the_variable_that_is_customary():
    """`OC_AGENT_HOST` counts where ours says nothing; a host without a port has the agent's."""
    variables = {"OC_AGENT_HOST": "collector.linkerd"}
    assert "collector.linkerd:55678" == read_settings(Given(), variables).target.address
    variables[PREFIX + "ENDPOINT"] = "agent:1"
    assert "agent:1" == read_settings(Given(), variables).target.address


@pytest.mark.parametrize(
    ("given", "is_secure"),
    [
        (Given(endpoint="agent"), False),
        (Given(endpoint="http://agent"), False),
        (Given(endpoint="https://agent"), True),
        (Given(endpoint="https://agent", insecure=True), True),
        (Given(endpoint="agent", certificate=CA), True),
        (Given(endpoint="agent", certificate=CA, insecure=True), False),
        (Given(endpoint="agent", insecure=False), True),
    ],
)
def test_whether_to_use_tls(given, is_secure):
    """A URL says it; else an argument; else whoever names a certificate wants it."""
    assert is_secure is read_settings(given, {}).target.is_secure


def test_a_user_in_the_endpoint_becomes_a_header():
    """So it is shown nowhere; a header that is given wins."""
    target = read_settings(Given(endpoint="https://me:secret@agent"), {}).target
    assert ("agent:55678", (("authorization", "Basic bWU6c2VjcmV0"),)) == (target.address, target.metadata)
    given = Given(endpoint="https://me:secret@agent", headers={"Authorization": "Bearer 3f9a"})
    assert (("authorization", "Bearer 3f9a"),) == read_settings(given, {}).target.metadata


@pytest.mark.parametrize(
    ("given", "variables", "words"),
    [
        (Given(endpoint="http://agent/path"), {}, "endpoint='http://agent/path'"),
        (Given(), {PREFIX + "ENDPOINT": "ftp://agent"}, PREFIX + "ENDPOINT='ftp://agent'"),
        (Given(), {"OC_AGENT_HOST": "a b:x"}, "OC_AGENT_HOST='a b:x'"),
        (Given(), {PREFIX + "TIMEOUT": "soon"}, PREFIX + "TIMEOUT='soon'"),
        (Given(timeout_s=0), {}, "timeout_s=0"),
        (Given(compression="br"), {}, "compression='br'"),
        (Given(certificate="/nowhere"), {}, "certificate='/nowhere'"),
        (Given(client_certificate="/nowhere"), {}, "client_certificate='/nowhere'"),
        (Given(client_key="/nowhere"), {}, "client_key='/nowhere'"),
        (Given(proxy="nobody"), {}, "proxy='nobody'"),
        (Given(headers={"a b": "c"}), {}, "headers='a b'"),
        (Given(), {PREFIX + "HEADERS": "secret"}, PREFIX + "HEADERS='...'"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, variables, words):
    """With who said it, what was said, and what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings(given, variables)
    assert words in str(caught.value)


def test_a_representation_tells_no_secret():
    """It tells where, how, and the names of headers."""
    exporter = OpenCensusAgentExporter("https://me:secret@agent", compression="gzip", environment={})
    assert "OpenCensusAgentExporter('agent:55678', TLS, gzip, authorization=...)" == repr(exporter)


@pytest.mark.parametrize(("endpoint", "count"), [("agent:1", 1), ("localhost:1", 0), ("https://agent:1", 0)])
def test_credentials_in_clear(troubles, endpoint, count):
    """To another host, without TLS, they are warned of."""
    OpenCensusAgentExporter(endpoint, headers={"authorization": "Bearer 3f9a"}, environment={})
    assert count == troubles().get("opencensus_agent.in_clear", 0)
