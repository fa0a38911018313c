"""Read how calls are recorded: what was given to `instrument()`, else the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._http._urls import Excluded
from midspan.integrations._inbound import Inbound, inbound_of
from midspan.integrations._options import known_only
from midspan.integrations._semconv import Semconv, semconv_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["RpcOptions", "RpcSettings", "rpc_settings"]


class RpcOptions(TypedDict, total=False):
    """What every integration of remote procedure calls takes.

    `excluded_methods`: regular expressions; a method (`package.Service/Method`) that one is found in is
    neither recorded nor given the trace (default: the services in `OTEL_PYTHON_<NAME>_EXCLUDED_SERVICES`,
    separated by commas).

    `request_hook(span, call)`, `response_hook(span, call, status)`: called for a span that records, with the
    library's own object of the call and the name of the status that it ended with.

    `semconv`: "stable", "legacy" or "both" names of attributes and metrics (default: `MIDSPAN_SEMCONV`).

    `inbound`: for servers: "continue" the trace of the caller, begin a trace of one's own with a "link" to
    the caller's, or "ignore" it (default: `MIDSPAN_INBOUND`, else continue).
    """

    excluded_methods: Iterable[str] | str
    request_hook: Callable[..., object]
    response_hook: Callable[..., object]
    semconv: Semconv
    inbound: Inbound


class RpcSettings(NamedTuple):
    """How one integration records calls."""

    excluded: Excluded
    request_hook: Callable[..., object] | None
    response_hook: Callable[..., object] | None
    semconv: Semconv
    inbound: Inbound


def rpc_settings(
    name: str, options: Mapping[str, Any], environment: Environment | None = None
) -> RpcSettings:
    """Return the settings of the integration `name`.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    environment = environment or Environment()
    known_only(name, RpcOptions, options)
    try:
        excluded = Excluded(_excluded(name, options, environment))
    except re.error as error:
        message = f"instrument() of {name}: {error}"
        raise ConfigurationError(message) from error
    return RpcSettings(
        excluded,
        options.get("request_hook"),
        options.get("response_hook"),
        semconv_of(options.get("semconv"), "rpc", environment),
        inbound_of(options.get("inbound"), environment),
    )


def _excluded(name: str, options: Mapping[str, Any], environment: Environment) -> Iterable[str]:
    given = options.get("excluded_methods")
    if given is None:
        services = environment.names(f"OTEL_PYTHON_{name.upper()}_EXCLUDED_SERVICES") or ()
        return [f"^{re.escape(service)}/" for service in services]
    return given.split(",") if isinstance(given, str) else given
