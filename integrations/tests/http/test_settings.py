"""Options and variables say how requests are recorded; what cannot be is refused where it is written."""

from __future__ import annotations

import pytest

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._http import client_settings, server_settings


def test_without_options_everything_is_recorded_and_no_header():
    """The defaults are the safe ones."""
    settings = server_settings("flask", {}, Environment({}))
    assert (False, False, False, "stable", "continue") == (
        bool(settings.excluded),
        bool(settings.request_headers),
        bool(settings.response_headers),
        settings.semconv,
        settings.inbound,
    )


def test_the_environment_has_what_is_not_given():
    """OpenTelemetry's variables are heard, an integration's own before the common one."""
    environment = Environment(
        {
            "OTEL_PYTHON_FLASK_EXCLUDED_URLS": "health,ready",
            "OTEL_PYTHON_EXCLUDED_URLS": "other",
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "x-tenant",
            "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE": "server",
            "OTEL_SEMCONV_STABILITY_OPT_IN": "http/dup",
            "MIDSPAN_INBOUND": "link",
        }
    )
    flask, wsgi = (server_settings(name, {}, environment) for name in ("flask", "wsgi"))
    client = client_settings("requests", {}, environment)
    assert ("http://h/ready" in flask.excluded, "http://h/other" in flask.excluded) == (True, False)
    assert "http://h/other" in wsgi.excluded
    assert (True, False, False, True) == (
        bool(flask.request_headers),
        bool(flask.response_headers),
        bool(client.request_headers),
        bool(client.response_headers),
    )
    assert ("both", "link", "continue") == (flask.semconv, flask.inbound, client.inbound)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exclude_urls": ["x"]}, "takes no exclude_urls: allowed are excluded_urls"),
        ({"excluded_urls": ["("]}, "instrument() of flask"),
        ({"request_headers": ["x tenant"]}, "is no name of a header"),
        (
            {"semconv": "new"},
            "semconv='new' (MIDSPAN_SEMCONV) is not valid: allowed are stable, legacy, both",
        ),
        ({"inbound": "trust"}, "inbound='trust' (MIDSPAN_INBOUND) is not valid"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(options, said):
    """The error says which option, and what is allowed."""
    with pytest.raises(ConfigurationError) as raised:
        server_settings("flask", options, Environment({}))
    assert said in str(raised.value)


def test_a_client_knows_nothing_of_inbound():
    """An option of servers is none of clients."""
    with pytest.raises(ConfigurationError, match="takes no inbound"):
        client_settings("requests", {"inbound": "link"}, Environment({}))
