"""Serve WSGI requests under their spans: what `wsgi` and the frameworks over WSGI share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble, context, propagation, trace
from midspan._redaction import redacted_query
from midspan.integrations._beside import stands_back
from midspan.integrations._beside_apps import recorded_by
from midspan.integrations._http import Exchange, ServerPolicy, ServerRequest, begun_above, split_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from midspan.context import Context

__all__ = ["TracedApplication", "WSGIPolicy", "exchange_of", "leave_out", "serve"]

# Where a framework finds the exchange that the layer below it began.
_KEY: Final = "midspan.exchange"
_WHOLE: Final = (list, tuple)
_W3C: Final = (
    ("HTTP_TRACEPARENT", "traceparent"),
    ("HTTP_TRACESTATE", "tracestate"),
    ("HTTP_BAGGAGE", "baggage"),
)


def exchange_of(environ: WSGIEnvironment) -> Exchange | None:
    """Return the exchange that a WSGI request belongs to; None if nobody records it."""
    exchange: Exchange | None = environ.get(_KEY)
    return exchange


def leave_out(environ: WSGIEnvironment) -> None:
    """See that no layer below this one records a request that nobody has begun to record."""
    environ.setdefault(_KEY, None)


class WSGIPolicy(ServerPolicy):
    """A server's policy that reads WSGI environments."""

    __slots__ = ()

    def of(self, environ: WSGIEnvironment) -> Exchange | None:
        """Begin the exchange of a request; None if it is not to be recorded, or is recorded already."""
        if _KEY in environ or trace.is_suppressed():
            return None
        try:
            return self._of(environ)
        except Exception as error:  # noqa: BLE001 - what a server or a test's client makes up; served all the same
            _trouble.report("integration.request", "a request is not recorded: it is odd", error=error)
            leave_out(environ)
            return None

    def _of(self, environ: WSGIEnvironment) -> Exchange | None:
        request = _request(environ)
        if self.settings.excluded and self.excludes(_url(request)):
            leave_out(environ)
            return None
        above = begun_above(request)
        if above is not None:
            environ[_KEY] = above
            return None
        exchange = environ[_KEY] = self.begin(request, _headers(environ), _reader(environ))
        exchange.hook(environ)
        return exchange


class TracedApplication:
    """A WSGI application whose requests are recorded; `native` is the one that it stands for."""

    def __init__(self, native: WSGIApplication, policy: WSGIPolicy) -> None:
        self.native = native
        self._policy = policy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if stands_back("wsgi", recorded_by(self.native)):
            leave_out(environ)
        return serve(self._policy, self.native, environ, start_response)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what the application has
        return getattr(self.native, name)


def serve(
    policy: WSGIPolicy, application: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Serve one request with `application`, under its span."""
    exchange = policy.of(environ)
    if exchange is None:
        body: Iterable[bytes] = application(environ, start_response)
        return body
    token = context.attach(exchange.context)
    try:
        body = application(environ, _observed(start_response, exchange, environ, policy))
        if exchange.is_whole or type(body) in _WHOLE or _is_file(body, environ):
            # It is all there, or what the server must recognise.
            exchange.end()
            return body
        return _Body(body, exchange)
    except BaseException as error:
        exchange.failed(error)
        exchange.end()
        raise
    finally:
        context.detach(token)


def _is_file(body: Iterable[bytes], environ: WSGIEnvironment) -> bool:
    """Say whether a body is a file that the server will send by itself."""
    wrapper = environ.get("wsgi.file_wrapper")
    # uWSGI's is a function, which returns the file that it was given.
    is_function = wrapper is not None and not isinstance(wrapper, type)
    return type(body) is wrapper or (is_function and hasattr(body, "read"))


def _observed(
    start_response: StartResponse, exchange: Exchange, environ: WSGIEnvironment, policy: WSGIPolicy
) -> StartResponse:
    wants_more = policy.captures_answers

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401 - PEP 3333
        try:
            exchange.answered(_code(status), _values_of(headers) if wants_more else None)
            if wants_more:
                exchange.answer_hook(environ, (status, headers))
        except Exception as error:  # noqa: BLE001 - what is no status or no headers is for the server to refuse
            _trouble.report("integration.response", "an answer is not recorded: it is odd", error=error)
        return (
            start_response(status, headers) if exc_info is None else start_response(status, headers, exc_info)
        )

    return start


def _code(status: str) -> int:
    return int(status[:3]) if status[:3].isdecimal() else 0


class _Body:
    """The body of a response that is still being made: its span ends when it was sent, or given up."""

    def __init__(self, native: Iterable[bytes], exchange: Exchange) -> None:
        self._native = native
        self._exchange = exchange
        self._context: Context = exchange.context
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with context.attached(self._context):
            try:
                if self._parts is None:
                    self._parts = iter(self._native)
                return next(self._parts)
            except StopIteration:
                raise
            except BaseException as error:
                self._exchange.failed(error)
                raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a server may ask for more, the length for one
        return getattr(self._native, name)

    def close(self) -> None:
        """Close the native body, and end the exchange: a server calls this whatever happened (PEP 3333)."""
        with context.attached(self._context):
            try:
                close = getattr(self._native, "close", None)
                if close is not None:
                    close()
            except BaseException as error:
                self._exchange.failed(error)
                raise
            finally:
                self._exchange.end()


def _request(environ: WSGIEnvironment) -> ServerRequest:
    get = environ.get
    scheme = get("wsgi.url_scheme", "http")
    host, port = split_host(get("HTTP_HOST"), scheme)
    if host is None:
        host, port = get("SERVER_NAME"), _number(get("SERVER_PORT"))
    query = get("QUERY_STRING", "")
    return ServerRequest(
        get("REQUEST_METHOD", ""),
        scheme,
        _text(get("SCRIPT_NAME", "") + get("PATH_INFO", "")) or "/",
        redacted_query(query) if query else "",
        host,
        port,
        get("SERVER_PROTOCOL", "").removeprefix("HTTP/"),
        get("HTTP_USER_AGENT"),
        get("REMOTE_ADDR"),
        _number(get("REMOTE_PORT")),
    )


def _url(request: ServerRequest) -> str:
    return f"{request.scheme}://{request.host}{request.path}"


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers that propagators read."""
    if getattr(propagation.get_global(), "is_w3c", False):
        return {name: environ[key] for key, name in _W3C if key in environ}
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _text(path: str) -> str:
    """Return a path as it was written: WSGI hands each byte of it over as one character."""
    if path.isascii():
        return path
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return path


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) <= 5 else None  # noqa: PLR2004 - 65535


def _reader(environ: WSGIEnvironment) -> Callable[[str], Iterable[str]]:
    def values(name: str) -> Iterable[str]:
        value = environ.get(f"HTTP_{name.upper().replace('-', '_')}")
        return () if value is None else (value,)

    return values


def _values_of(headers: list[tuple[str, str]]) -> Callable[[str], Iterable[str]]:
    return lambda name: [value for key, value in headers if key.lower() == name]
