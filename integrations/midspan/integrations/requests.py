"""Record the requests that are sent with requests.

Each request that a session sends has a span of its own: a redirect that is followed is a second one. What an
adapter sends again by itself (`max_retries`) is one with it. The span ends when the headers of the response
are there. The headers of the trace go with it. urllib3, which requests is made of, stays silent for it.

Where a legacy library records the same (opencensus-ext-requests, say, or requests-opentracing), this
integration stands back, and urllib3's with it.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._beside import Legacy, below_urllib3
from midspan.integrations._guarded import guarded
from midspan.integrations._http import ClientPolicy, client_settings, covered
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from requests import PreparedRequest, Response, Session
    from requests.adapters import HTTPAdapter
    from typing_extensions import Unpack

    from midspan.integrations._http import Call, ClientOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("requests", "requests", oldest="2.25")

_integration: Final = Integration("requests", LIBRARY)
_LEGACY: Final = Legacy(
    "requests",
    {
        "opencensus.ext.requests.trace": ("component", "HTTP"),
        "requests_opentracing.tracing": ("component", "requests"),
    },
    ("opentracing_instrumentation.client_hooks.requests", "opentracing_utils.libs._requests"),
)


def instrument(session: Session | None = None, **options: Unpack[ClientOptions]) -> None:
    """Record the requests of one session, or, without one, of every session and of `requests.get` and so on.

    Of one session, that is of the adapters that are mounted there now.

    Hooks are called with requests' own objects: `request_hook(span, prepared_request)`,
    `response_hook(span, prepared_request, response)`. The options are those of every HTTP client.

    Raises:
        ConfigurationError: requests is missing or too old, or an option is not valid.
    """
    policy = ClientPolicy("midspan.integrations.requests", client_settings("requests", options))

    def put(patches: Patches) -> None:
        from requests.adapters import HTTPAdapter  # noqa: PLC0415 - only who instruments it must have it

        # Below the session: what it sends again, to follow a redirect or answer a challenge, comes by here.
        targets = [HTTPAdapter] if session is None else _each_once(session.adapters.values())
        for target in targets:
            patches.around(target, "send", _sending(policy, patches))

    if session is None:
        _integration.turn_on(("requests.adapters",), put)
    else:
        _integration.turn_on_for(session, put)


def uninstrument(session: Session | None = None) -> None:
    """Take back what `instrument` did to one session, or to all of them."""
    if session is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(session)


def _sending(policy: ClientPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(native)
        def send(self: HTTPAdapter, request: PreparedRequest, *arguments: Any, **named: Any) -> Response:  # noqa: ANN401 - requests' own
            url = request.url or ""
            if not patches.on or not policy.is_to_record(url):
                return native(self, request, *arguments, **named)
            if _LEGACY.is_here(native) or below_urllib3("requests"):
                with covered():
                    return native(self, request, *arguments, **named)
            with policy.call(request.method or "", url, _values_of(request.headers or {})) as call:
                call.inject(request.headers)
                call.hook(request)
                response = native(self, request, *arguments, **named)
                _tell(call, request, response)
                return response

        return send

    return around


def _each_once(adapters: Iterable[Any]) -> list[Any]:
    return list({id(adapter): adapter for adapter in adapters}.values())


@guarded
def _tell(call: Call, request: PreparedRequest, response: Response) -> None:
    version = {9: "0.9", 10: "1.0", 11: "1.1", 20: "2"}.get(getattr(response.raw, "version", None) or 0)
    call.answered(response.status_code, version, _values_of(response.headers))
    call.answer_hook(request, response)


def _values_of(headers: Any) -> Callable[[str], Iterable[str]]:  # noqa: ANN401 - requests' CaseInsensitiveDict
    def values(name: str) -> Iterable[str]:
        value = headers.get(name)
        if value is None:
            return ()
        return (value.decode("latin-1") if isinstance(value, bytes) else str(value),)

    return values
