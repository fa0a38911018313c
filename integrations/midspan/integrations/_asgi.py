"""Serve ASGI requests under their spans: what `asgi` and the frameworks over ASGI share.

Source: the ASGI specification 3.0, its HTTP and WebSocket messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from midspan import _trouble, context, propagation, trace
from midspan._redaction import redacted_query
from midspan.integrations._beside import stands_back
from midspan.integrations._beside_apps import recorded_by
from midspan.integrations._http import Exchange, ServerPolicy, ServerRequest, begun_above, split_host

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    Scope: TypeAlias = MutableMapping[str, Any]
    Message: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["ASGIPolicy", "TracedApplication", "exchange_of", "leave_out", "serve"]

# Where a framework finds the exchange that the layer below it began.
_KEY: Final = "midspan.exchange"
_SCHEMES: Final = {"http": "http", "websocket": "ws"}
_ACCEPTED: Final = 101
_REFUSED: Final = 403
_GOODBYES: Final = (1000, 1001)
# All that is read of a request's headers, unless more is asked for: each costs 0.4 us, and browsers send 15.
_READ: Final = frozenset({b"host", b"user-agent", b"traceparent", b"tracestate", b"baggage"})
# A file may be left to the server, by its path.
_BODIES: Final = ("http.response.body", "http.response.pathsend")


def exchange_of(scope: Scope) -> Exchange | None:
    """Return the exchange that an ASGI request belongs to; None if nobody records it."""
    exchange: Exchange | None = scope.get(_KEY)
    return exchange


def leave_out(scope: Scope) -> None:
    """See that no layer below this one records a request that nobody has begun to record."""
    scope.setdefault(_KEY, None)


class ASGIPolicy(ServerPolicy):
    """A server's policy that reads ASGI scopes."""

    __slots__ = ()

    def of(self, scope: Scope) -> Exchange | None:
        """Begin the exchange of a request; None if it is none, not to be recorded, or recorded already."""
        if _KEY in scope or scope["type"] not in _SCHEMES or trace.is_suppressed():
            return None
        try:
            return self._of(scope)
        except Exception as error:  # noqa: BLE001 - what a server or a test's client makes up; served all the same
            _trouble.report("integration.request", "a request is not recorded: its scope is odd", error=error)
            leave_out(scope)
            return None

    def _of(self, scope: Scope) -> Exchange | None:
        headers = _texts(scope["headers"], None if self._reads_all() else _READ)
        request = _request(scope, headers)
        if self.settings.excluded and self.excludes(f"{request.scheme}://{request.host}{request.path}"):
            leave_out(scope)
            return None
        above = begun_above(request)
        if above is not None:
            scope[_KEY] = above
            return None
        exchange = scope[_KEY] = self.begin(request, headers, _values_of(headers))
        exchange.hook(scope)
        return exchange

    def _reads_all(self) -> bool:
        return self.captures_requests or not getattr(propagation.get_global(), "is_w3c", False)


class TracedApplication:
    """An ASGI application whose requests are recorded; `native` is the one that it stands for."""

    def __init__(self, native: Application, policy: ASGIPolicy) -> None:
        self.native = native
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if stands_back("asgi", recorded_by(self.native)):
            leave_out(scope)
        await serve(self._policy, self.native, scope, receive, send)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what the application has
        return getattr(self.native, name)


async def serve(
    policy: ASGIPolicy, application: Application, scope: Scope, receive: Receive, send: Send
) -> None:
    """Serve one connection with `application`, under its span."""
    exchange = policy.of(scope)
    if exchange is None:
        await application(scope, receive, send)
        return
    token = context.attach(exchange.context)
    try:
        await application(scope, receive, _observed(send, exchange, scope, policy))
    except BaseException as error:
        if not _is_goodbye(error, scope):
            exchange.failed(error)
        raise
    finally:
        exchange.end()
        context.detach(token)


def _is_goodbye(error: BaseException, scope: Scope) -> bool:
    """Say whether an error tells that a client has closed its websocket in good order (RFC 6455, 7.4.1)."""
    return scope["type"] == "websocket" and getattr(error, "code", None) in _GOODBYES


def _observed(send: Send, exchange: Exchange, scope: Scope, policy: ASGIPolicy) -> Send:
    wants_more = policy.captures_answers

    async def observe(message: Message) -> None:
        if message.get("type") in _BODIES:
            # Sent first: the time that this takes is a part of the response.
            await send(message)
            if not message.get("more_body", False):
                exchange.sent()
            return
        try:
            status = _status_of(message, exchange)
            if status is not None:
                values_of = _values_of(_texts(message.get("headers", ()))) if wants_more else None
                exchange.answered(status, values_of)
                if wants_more:
                    exchange.answer_hook(scope, message)
        except Exception as error:  # noqa: BLE001 - what is no message of ASGI is for the server to refuse
            _trouble.report("integration.response", "an answer is not recorded: it is odd", error=error)
        await send(message)

    return observe


def _status_of(message: Message, exchange: Exchange) -> int | None:
    """Return the status that a message tells, if it tells one."""
    kind = message["type"]
    if kind in ("http.response.start", "websocket.http.response.start"):
        status: int = message["status"]
        return status
    if kind == "websocket.accept":
        return _ACCEPTED
    # Closed before it was accepted, a websocket is one that the server refuses.
    return _REFUSED if kind == "websocket.close" and not exchange.is_answered else None


def _request(scope: Scope, headers: list[tuple[str, str]]) -> ServerRequest:
    values_of = _values_of(headers)
    scheme = scope.get("scheme") or _SCHEMES[scope["type"]]
    host, port = split_host(_first(values_of("host")), scheme)
    if host is None:
        host, port = scope.get("server") or (None, None)
    client = scope.get("client") or (None, None)
    query = _text(scope.get("query_string", b""))
    return ServerRequest(
        # A websocket is opened by a request that is always a GET, or the extended CONNECT of HTTP/2.
        scope.get("method", "GET"),
        scheme,
        _path(scope),
        redacted_query(query) if query else "",
        host,
        port,
        scope.get("http_version"),
        _first(values_of("user-agent")),
        client[0],
        client[1] or None,
    )


def _path(scope: Scope) -> str:
    path: str = scope.get("path") or "/"
    root: str = scope.get("root_path") or ""
    # Older servers leave the mount out of the path, newer ones have it in.
    return path if path.startswith(root) else root + path


def _texts(
    headers: Iterable[tuple[bytes, bytes]], wanted: frozenset[bytes] | None = None
) -> list[tuple[str, str]]:
    """Return headers as text, all or those that are `wanted`: ASGI has their names in lower case."""
    return [
        (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1"))
        for name, value in headers
        if wanted is None or name in wanted
    ]


def _text(query: bytes | str) -> str:
    # Django's asynchronous test client has it as text.
    return query.decode("latin-1") if isinstance(query, bytes) else query


def _values_of(headers: list[tuple[str, str]]) -> Callable[[str], list[str]]:
    return lambda wanted: [value for name, value in headers if name == wanted]


def _first(values: list[str]) -> str | None:
    return values[0] if values else None
