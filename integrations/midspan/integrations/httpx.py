"""Record the requests that are sent with httpx, by `Client` and by `AsyncClient`.

Each request that goes over the wire has a span of its own: each hop of a redirect, and each answer to a
challenge.
Beside opencensus-ext-httpx, which knows `Client` only, the integration leaves that to it.
A span ends when the headers of the response are there; its body may be streamed for long after that.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan import propagation
from midspan.integrations._beside import Legacy
from midspan.integrations._guarded import guarded
from midspan.integrations._http import ClientPolicy, client_settings
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from httpx import AsyncClient, Client, Request, Response
    from typing_extensions import Unpack

    from midspan.integrations._http import Call, ClientOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("httpx", "httpx", oldest="0.22")

_integration: Final = Integration("httpx", LIBRARY)
_METHOD: Final = "_send_single_request"
_LEGACY: Final = Legacy("httpx", {"opencensus.ext.httpx.trace": ("component", "HTTP")})


def instrument(client: Client | AsyncClient | None = None, **options: Unpack[ClientOptions]) -> None:
    """Record the requests of one client, or, without one, of every client and of `httpx.get` and so on.

    Hooks are called with httpx's own objects: `request_hook(span, request)`,
    `response_hook(span, request, response)`. The options are those of every HTTP client.

    Raises:
        ConfigurationError: httpx is missing or too old, or an option is not valid.
    """
    policy = ClientPolicy("midspan.integrations.httpx", client_settings("httpx", options))

    def put(patches: Patches) -> None:
        import httpx  # noqa: PLC0415 - only who instruments it must have it

        # Below what follows redirects and answers challenges, whatever the transport is.
        if client is None or isinstance(client, httpx.Client):
            patches.around(client or httpx.Client, _METHOD, _sending(policy, patches))
        if client is None or isinstance(client, httpx.AsyncClient):
            patches.around(client or httpx.AsyncClient, _METHOD, _sending_async(policy, patches))

    if client is None:
        _integration.turn_on(("httpx",), put)
    else:
        _integration.turn_on_for(client, put)


def uninstrument(client: Client | AsyncClient | None = None) -> None:
    """Take back what `instrument` did to one client, or to all of them."""
    if client is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(client)


def _sending(policy: ClientPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(native)
        def send(self: Client, request: Request) -> Response:
            url = str(request.url)
            if not patches.on or not policy.is_to_record(url):
                return native(self, request)
            if _LEGACY.is_here():
                _carry(request)
                return native(self, request)
            with policy.call(request.method, url, request.headers.get_list) as call:
                _prepare(call, request)
                response = native(self, request)
                _tell(call, request, response)
                return response

        return send

    return around


def _sending_async(policy: ClientPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        @wraps(native)
        async def send(self: AsyncClient, request: Request) -> Response:
            url = str(request.url)
            if not patches.on or not policy.is_to_record(url):
                return await native(self, request)
            with policy.call(request.method, url, request.headers.get_list) as call:
                _prepare(call, request)
                response = await native(self, request)
                _tell(call, request, response)
                return response

        return send

    return around


def _carry(request: Request) -> None:
    """Send the trace where the legacy extension does not: it fails to where the program gives no headers."""
    if not any(field in request.headers for field in propagation.get_global().fields):
        propagation.inject(request.headers)


def _prepare(call: Call, request: Request) -> None:
    call.inject(request.headers)
    call.hook(request)


@guarded
def _tell(call: Call, request: Request, response: Response) -> None:
    version = response.http_version.removeprefix("HTTP/")
    values: Callable[[str], Iterable[str]] = response.headers.get_list
    call.answered(response.status_code, version or None, values)
    call.answer_hook(request, response)
