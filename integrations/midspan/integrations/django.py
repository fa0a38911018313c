"""Record the requests that Django serves over WSGI and ASGI, Django 3.2 and newer.

The span is named by the route of the view (`GET /users/<int:number>/`). An exception that becomes the answer
500 is recorded with it; what Django makes a 4xx of (`Http404`, `PermissionDenied`) is none. The handlers
themselves are patched, once the program has imported them, and no setting is read or changed: it does not
matter when `instrument()` is called, and it imports nothing of Django. Requests of Django's test client are
recorded too.

Where Django is served inside something that records requests already (`wsgi`, `asgi`), there is one span a
request. Beside a legacy middleware (opencensus-ext-django, django-opentracing) this integration stands back.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final

from midspan import context
from midspan.integrations import _asgi, _wsgi
from midspan.integrations._beside import decorates, stands_back
from midspan.integrations._http import server_settings
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed.wsgi import WSGIEnvironment
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.base import BaseHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, HttpResponseBase
    from django.urls import ResolverMatch
    from typing_extensions import Unpack

    from midspan.integrations._http import Exchange, ServerOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("Django", "django", oldest="3.2")

_integration: Final = Integration("django", LIBRARY)
_SCOPE: Final = "midspan.integrations.django"
_VIEWS: Final = "django_opentracing.tracing"
_LEGACY: Final = ("opencensus.ext.django.", "django_opentracing.", "opentracing_utils.")


def instrument(**options: Unpack[ServerOptions]) -> None:
    """Record the requests of this process's Django.

    Hooks are called with the WSGI environment or the ASGI scope: `request_hook(span, environ)`,
    `response_hook(span, environ, (status, headers))`; under ASGI, `response_hook(span, scope, message)`. The
    options are those of every HTTP server.

    Raises:
        ConfigurationError: Django is missing or too old, or an option is not valid.
    """
    settings = server_settings("django", options)
    over_wsgi, over_asgi = _WSGIPolicy(_SCOPE, settings), _ASGIPolicy(_SCOPE, settings)
    begin = partial(_begin, over_wsgi, over_asgi)

    def put_in_base(patches: Patches) -> None:
        from django.core.handlers import base, exception  # noqa: PLC0415 - only who instruments it must have it

        patches.around(base.BaseHandler, "get_response", _answering(begin, patches))
        patches.around(base.BaseHandler, "get_response_async", _answering_async(begin, patches))
        patches.around(base.BaseHandler, "resolve_request", _resolving(patches))
        patches.around(exception, "handle_uncaught_exception", _failing(patches))

    def put_in_wsgi(patches: Patches) -> None:
        from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415 - as above

        patches.around(WSGIHandler, "__call__", _serving_wsgi(over_wsgi, patches))

    def put_in_asgi(patches: Patches) -> None:
        from django.core.handlers.asgi import ASGIHandler  # noqa: PLC0415 - as above

        patches.around(ASGIHandler, "__call__", _serving_asgi(over_asgi, patches))

    _integration.turn_on_when_imported(
        {
            "django.core.handlers.base": put_in_base,
            "django.core.handlers.wsgi": put_in_wsgi,
            "django.core.handlers.asgi": put_in_asgi,
        }
    )


def uninstrument() -> None:
    """Take back what `instrument` did."""
    _integration.turn_off()


class _WSGIPolicy(_wsgi.WSGIPolicy):
    __slots__ = ()

    def of(self, environ: WSGIEnvironment) -> Exchange | None:
        if _is_legacy_here(environ.get("PATH_INFO", "")):
            _wsgi.leave_out(environ)
        return super().of(environ)


class _ASGIPolicy(_asgi.ASGIPolicy):
    __slots__ = ()

    def of(self, scope: _asgi.Scope) -> Exchange | None:
        if _is_legacy_here(scope.get("path", "")):
            _asgi.leave_out(scope)
        return super().of(scope)


def _is_legacy_here(path: str) -> bool:
    from django.conf import settings  # noqa: PLC0415 - as above; set by now, for it serves

    # django-opentracing can leave all to its decorator, which single views have.
    traces_all = getattr(settings, "OPENTRACING_TRACE_ALL", True)
    for name in settings.MIDDLEWARE:
        if name.startswith(_LEGACY) and (traces_all or not name.startswith("django_opentracing.")):
            return stands_back("django", name.rpartition(".")[0])
    return _VIEWS in sys.modules and _is_legacy_view(path) and stands_back("django", _VIEWS)


def _is_legacy_view(path: str) -> bool:
    from django.urls import resolve  # noqa: PLC0415 - as above

    try:
        return decorates(resolve(path).func, _VIEWS)
    except Exception:  # noqa: BLE001 - there is no such view, or its module is broken: Django will say
        return False


def _serving_wsgi(policy: _WSGIPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def __call__(self: WSGIHandler, environ: Any, start_response: Any) -> Any:  # noqa: ANN401, N807 - as PEP 3333 has them
            if not patches.on:
                return native(self, environ, start_response)
            return _wsgi.serve(policy, native.__get__(self), environ, start_response)

        return __call__

    return around


def _serving_asgi(policy: _ASGIPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        async def __call__(self: ASGIHandler, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, N807 - as ASGI has them
            if not patches.on:
                await native(self, scope, receive, send)
            else:
                await _asgi.serve(policy, native.__get__(self), scope, receive, send)

        return __call__

    return around


def _exchange_of(request: HttpRequest) -> Exchange | None:
    """Return the exchange of a request that came over WSGI or ASGI; None for one that was made by hand."""
    if hasattr(request, "environ"):
        return _wsgi.exchange_of(request.environ)
    return _asgi.exchange_of(request.scope) if hasattr(request, "scope") else None


def _begin(over_wsgi: _WSGIPolicy, over_asgi: _ASGIPolicy, request: HttpRequest) -> Exchange | None:
    if hasattr(request, "environ"):
        return over_wsgi.of(request.environ)
    return over_asgi.of(request.scope) if hasattr(request, "scope") else None


def _answering(begin: Callable[[HttpRequest], Exchange | None], patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def get_response(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
            is_served = not patches.on or _exchange_of(request) is not None
            # Where no server has begun an exchange, this is the test client, or is not to be recorded.
            exchange = None if is_served else begin(request)
            if exchange is None:
                return native(self, request)
            with _unserved(exchange) as told:
                return told(native(self, request))

        return get_response

    return around


def _answering_async(
    begin: Callable[[HttpRequest], Exchange | None], patches: Patches
) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        async def get_response_async(self: BaseHandler, request: HttpRequest) -> HttpResponseBase:
            is_served = not patches.on or _exchange_of(request) is not None
            exchange = None if is_served else begin(request)
            if exchange is None:
                return await native(self, request)
            with _unserved(exchange) as told:
                return told(await native(self, request))

        return get_response_async

    return around


@contextmanager
def _unserved(exchange: Exchange) -> Iterator[Callable[[HttpResponseBase], HttpResponseBase]]:
    """Make a response that no server sends, but the test client takes; yield what learns its status."""
    with context.attached(exchange.context):
        try:
            yield partial(_told, exchange)
        except BaseException as error:
            exchange.failed(error)
            raise
        finally:
            exchange.end()


def _told(exchange: Exchange, response: HttpResponseBase) -> HttpResponseBase:
    headers = getattr(response, "headers", {})
    exchange.answered(response.status_code, lambda name: [headers[name]] if name in headers else ())
    return response


def _resolving(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def resolve_request(self: BaseHandler, request: HttpRequest) -> ResolverMatch:
            match = native(self, request)
            exchange = _exchange_of(request) if patches.on else None
            route = getattr(match, "route", None)
            if exchange is not None and route is not None:
                # A path is written without the slash that it begins with, a regular expression with a mark.
                exchange.routed("/" + route.removeprefix("^"))
            return match

        return resolve_request

    return around


def _failing(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def handle_uncaught_exception(request: HttpRequest, resolver: Any, exc_info: Any) -> Any:  # noqa: ANN401 - as Django has them
            exchange = _exchange_of(request) if patches.on else None
            if exchange is not None and isinstance(exc_info[1], BaseException):
                exchange.failed(exc_info[1])
            return native(request, resolver, exc_info)

        return handle_uncaught_exception

    return around
