"""Record the requests that are sent with urllib3.

Each request that goes over the wire has a span of its own: each attempt of a retry, each hop of a redirect.
Where a library above it (requests) is instrumented as well, that one makes the span, and urllib3 is silent.
It stands back for opencensus-ext-httplib, which records what urllib3 1 sends (and nothing of urllib3 2's).
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._beside import below_urllib3
from midspan.integrations._guarded import guarded
from midspan.integrations._http import ClientPolicy, client_settings
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from typing_extensions import Unpack
    from urllib3 import HTTPConnectionPool

    from midspan.integrations._http import Call, ClientOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("urllib3", "urllib3", oldest="1.26")

_integration: Final = Integration("urllib3", LIBRARY)
_VERSIONS: Final = {9: "0.9", 10: "1.0", 11: "1.1", 20: "2"}
_DEFAULT_PORTS: Final = {("http", 80), ("https", 443)}


def instrument(pool: HTTPConnectionPool | None = None, **options: Unpack[ClientOptions]) -> None:
    """Record the requests of one connection pool, or, without one, of every pool and pool manager.

    Hooks are called with the pool and the response: `request_hook(span, pool)`,
    `response_hook(span, pool, response)`. The options are those of every HTTP client.

    Raises:
        ConfigurationError: urllib3 is missing or too old, or an option is not valid.
    """
    policy = ClientPolicy("midspan.integrations.urllib3", client_settings("urllib3", options))

    def put(patches: Patches) -> None:
        from urllib3 import HTTPConnectionPool  # noqa: PLC0415 - only who instruments it must have it

        # `urlopen` calls itself to try again; below it, this is called once for each request.
        patches.around(
            HTTPConnectionPool if pool is None else pool, "_make_request", _making(policy, patches)
        )

    if pool is None:
        _integration.turn_on(("urllib3",), put)
    else:
        _integration.turn_on_for(pool, put)


def uninstrument(pool: HTTPConnectionPool | None = None) -> None:
    """Take back what `instrument` did to one pool, or to all of them."""
    if pool is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(pool)


def _making(policy: ClientPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def _make_request(
            self: HTTPConnectionPool,
            conn: Any,  # noqa: ANN401 - urllib3's own
            method: str,
            url: str,
            *arguments: Any,  # noqa: ANN401 - as above
            **named: Any,  # noqa: ANN401 - as above
        ) -> Any:  # noqa: ANN401 - of a class that differs between urllib3 1 and 2
            whole = _whole(self, url)
            if not patches.on or not policy.is_to_record(whole) or below_urllib3("urllib3"):
                return native(self, conn, method, url, *arguments, **named)
            given = named.get("headers") or {}
            with policy.call(method, whole, _values_of(given)) as call:
                headers = _with_trace(given, call)
                call.hook(self)
                response = native(self, conn, method, url, *arguments, **{**named, "headers": headers})
                _tell(call, self, response)
                return response

        return _make_request

    return around


def _whole(pool: HTTPConnectionPool, url: str) -> str:
    """Return the whole URL of a request, of which the pool knows the beginning. A proxy is sent all of it."""
    if not url.startswith("/"):
        return url
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    port = "" if pool.port is None or (pool.scheme, pool.port) in _DEFAULT_PORTS else f":{pool.port}"
    return f"{pool.scheme}://{host}{port}{url}"


def _with_trace(given: Mapping[str, Any], call: Call) -> Mapping[str, Any]:
    """Return a copy with the headers of the trace: the given one may be the pool's own, or the caller's."""
    ours: dict[str, str] = {}
    call.inject(ours)
    # Of urllib3's own kind, which keeps apart what is given twice.
    copy = getattr(given, "copy", None)
    headers = dict(given) if copy is None else copy()
    for name in [name for name in headers if str(name).lower() in ours]:
        del headers[name]
    headers.update(ours)
    return headers


@guarded
def _tell(call: Call, pool: HTTPConnectionPool, response: Any) -> None:  # noqa: ANN401 - as above
    version = _VERSIONS.get(getattr(response, "version", 0))
    call.answered(response.status, version, _values_of(response.headers))
    call.answer_hook(pool, response)


def _values_of(headers: Mapping[str, Any]) -> Callable[[str], Iterable[str]]:
    return lambda wanted: [str(value) for name, value in headers.items() if str(name).lower() == wanted]
