"""Record the requests that a Flask application serves, Flask 2 and 3.

The span is named by the rule that serves the request (`GET /users/<int:id>`), and an exception that no
handler of the application takes is recorded with it.

Where Flask is served inside something that records requests already (`wsgi`, or a legacy extension such as
flask-opentracing), there is one span a request, and this integration adds to it or stands back.
"""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._beside import decorates, stands_back
from midspan.integrations._http import server_settings
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library
from midspan.integrations._wsgi import WSGIPolicy, exchange_of, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from typing_extensions import Unpack

    from midspan.integrations._http import ServerOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("Flask", "flask", oldest="2.0")

_integration: Final = Integration("flask", LIBRARY)
_VIEWS: Final = "flask_opentracing.tracing"
_LEGACY: Final = ("opencensus.ext.flask", "flask_opentracing", "opentracing_utils.libs._flask")


def instrument(app: Flask | None = None, **options: Unpack[ServerOptions]) -> None:
    """Record the requests of one application, or, without one, of every application, made or yet to be made.

    Hooks are called with the WSGI environment: `request_hook(span, environ)`,
    `response_hook(span, environ, (status, headers))`. The options are those of every HTTP server.

    Raises:
        ConfigurationError: Flask is missing or too old, or an option is not valid.
    """
    policy = WSGIPolicy("midspan.integrations.flask", server_settings("flask", options))

    def put(patches: Patches) -> None:
        from flask import Flask  # noqa: PLC0415 - only who instruments it must have it

        target = Flask if app is None else app
        patches.around(target, "wsgi_app", _serving(policy, patches))
        patches.around(target, "full_dispatch_request", _dispatching(policy, patches))
        patches.around(target, "handle_exception", _failing(patches))

    if app is None:
        _integration.turn_on(("flask",), put)
    else:
        _integration.turn_on_for(app, put)


def uninstrument(app: Flask | None = None) -> None:
    """Take back what `instrument` did to one application, or to all of them."""
    if app is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(app)


def _serving(policy: WSGIPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def wsgi_app(self: Flask, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - as PEP 3333 has them
            if not patches.on or stands_back("flask", _legacy_extension(self, environ)):
                return native(self, environ, start_response)
            return serve(policy, native.__get__(self), environ, start_response)

        return wsgi_app

    return around


def _dispatching(policy: WSGIPolicy, patches: Patches) -> Callable[[Any], Any]:
    from flask import request  # noqa: PLC0415 - as above

    proxy: Any = request

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def full_dispatch_request(self: Flask, *arguments: Any) -> Any:  # noqa: ANN401 - newer ones hand a context over
            # Looked through once (0.2 us): each use of the proxy costs 1.5 us.
            current = proxy._get_current_object() if patches.on else None
            exchange = exchange_of(current.environ) if current is not None else None
            if current is None or exchange is None:
                return native(self, *arguments)
            rule = current.url_rule
            if rule is not None:
                exchange.routed(rule.rule)
            response = native(self, *arguments)
            # Not where something between Flask and who began the exchange may make a body of its own, and not
            # where the application's functions wait for its end (`call_on_close`).
            if exchange.begun_by(policy):
                exchange.is_whole = response.is_sequence and not getattr(response, "_on_close", ())
            return response

        return full_dispatch_request

    return around


def _failing(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def handle_exception(self: Flask, *arguments: Any) -> Any:  # noqa: ANN401 - newer ones hand a context over
            if patches.on:
                _tell_failure(arguments[-1])
            return native(self, *arguments)

        return handle_exception

    return around


def _tell_failure(error: BaseException) -> None:
    from flask import request  # noqa: PLC0415 - as above

    exchange = exchange_of(request.environ)
    if exchange is not None:
        exchange.failed(error)


def _legacy_extension(app: Flask, environ: Any) -> str | None:  # noqa: ANN401 - as above
    """Return the module of a legacy extension that makes a span of this request; None if there is none."""
    for functions in app.before_request_funcs.values():
        for function in functions:
            module = getattr(function, "__module__", "") or ""
            if module.startswith(_LEGACY):
                return module
    # flask-opentracing may trace single views, too, by a decorator.
    if _VIEWS not in sys.modules:
        return None
    try:
        endpoint, _ = app.url_map.bind_to_environ(environ).match()
    except Exception:  # noqa: BLE001 - there is no such view, or an odd request: Flask will say
        return None
    return _VIEWS if decorates(app.view_functions.get(endpoint), _VIEWS) else None
