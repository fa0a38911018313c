"""Read how requests are recorded: what was given to `instrument()`, else the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._http._headers import Captured
from midspan.integrations._http._urls import Excluded
from midspan.integrations._inbound import Inbound, inbound_of
from midspan.integrations._options import known_only
from midspan.integrations._semconv import Semconv, semconv_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["ClientOptions", "HttpSettings", "Inbound", "ServerOptions", "client_settings", "server_settings"]


class ClientOptions(TypedDict, total=False):
    """What every integration of an HTTP client takes.

    `excluded_urls`: regular expressions; a URL that one is found in is neither recorded nor given headers
    (default: `OTEL_PYTHON_<NAME>_EXCLUDED_URLS`, else `OTEL_PYTHON_EXCLUDED_URLS`, separated by commas).

    `request_headers`, `response_headers`: names of headers to record (default: none; see
    `OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST` and `..._RESPONSE`).

    `request_hook(span, request)`, `response_hook(span, request, response)`: called for a span that records,
    with the library's own objects.

    `semconv`: "stable", "legacy" or "both" names of attributes and metrics (default: `MIDSPAN_SEMCONV`).
    """

    excluded_urls: Iterable[str] | str
    request_headers: Iterable[str]
    response_headers: Iterable[str]
    request_hook: Callable[..., object]
    response_hook: Callable[..., object]
    semconv: Semconv


class ServerOptions(ClientOptions, total=False):
    """What every integration of an HTTP server takes: as a client, and what it makes of a caller's trace.

    `inbound`: "continue" the trace of the caller, begin a trace of one's own with a "link" to the caller's,
    or "ignore" it (default: `MIDSPAN_INBOUND`, else continue). For what faces the public, where anybody may
    send a header that says "sampled".
    """

    inbound: Inbound


class HttpSettings(NamedTuple):
    """How one integration records requests."""

    excluded: Excluded
    request_headers: Captured
    response_headers: Captured
    request_hook: Callable[..., object] | None
    response_hook: Callable[..., object] | None
    semconv: Semconv
    inbound: Inbound = "continue"


_CAPTURE: Final = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS"


def client_settings(
    name: str, options: Mapping[str, Any], environment: Environment | None = None
) -> HttpSettings:
    """Return the settings of the client integration `name`.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    return _settings(name, "CLIENT", ClientOptions, options, environment or Environment())


def server_settings(
    name: str, options: Mapping[str, Any], environment: Environment | None = None
) -> HttpSettings:
    """Return the settings of the server integration `name`; raises as `client_settings` does."""
    environment = environment or Environment()
    inbound = inbound_of(options.get("inbound"), environment)
    return _settings(name, "SERVER", ServerOptions, options, environment)._replace(inbound=inbound)


def _settings(
    name: str, side: str, known: type, options: Mapping[str, Any], environment: Environment
) -> HttpSettings:
    known_only(name, known, options)
    headers = {
        direction: options.get(f"{direction}_headers")
        or environment.names(f"{_CAPTURE}_{side}_{direction.upper()}")
        or ()
        for direction in ("request", "response")
    }
    try:
        return HttpSettings(
            Excluded(_excluded(name, options, environment)),
            Captured("request", headers["request"]),
            Captured("response", headers["response"]),
            options.get("request_hook"),
            options.get("response_hook"),
            semconv_of(options.get("semconv"), "http", environment),
        )
    except (ValueError, re.error) as error:
        message = f"instrument() of {name}: {error}"
        raise ConfigurationError(message) from error


def _excluded(name: str, options: Mapping[str, Any], environment: Environment) -> Iterable[str]:
    given = options.get("excluded_urls")
    if given is None:
        variable = f"OTEL_PYTHON_{name.upper()}_EXCLUDED_URLS"
        return environment.names(variable) or environment.names("OTEL_PYTHON_EXCLUDED_URLS") or ()
    return given.split(",") if isinstance(given, str) else given
