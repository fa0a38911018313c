"""Record the requests and the websockets that a Starlette application serves.

The span is named by the route that serves the request, with what it is mounted under
(`GET /api/users/{id:int}`). An exception that no handler takes is recorded with it. Background tasks run in
the span's context, after its end.

Where Starlette is served inside something that records requests already (`asgi`, or a legacy middleware such
as starlette-opentracing), there is one span a request, and this integration adds to it or stands back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.integrations import _starlette
from midspan.integrations._http import server_settings
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from typing_extensions import Unpack

    from midspan.integrations._http import ServerOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("starlette", "starlette", oldest="0.19.1")

_integration: Final = Integration("starlette", LIBRARY)


def instrument(app: Starlette | None = None, **options: Unpack[ServerOptions]) -> None:
    """Record the requests of one application, or, without one, of every application, made or yet to be made.

    Hooks are called with the scope: `request_hook(span, scope)`, `response_hook(span, scope, message)`, where
    `message` is the one that starts the response. The options are those of every HTTP server.

    Raises:
        ConfigurationError: Starlette is missing or too old, or an option is not valid.
    """
    if app is not None:
        LIBRARY.must_be_here("starlette")
        _starlette.record("starlette", app, options)
        return
    # What is not valid is told now, whenever there will be an application.
    server_settings("starlette", options)

    def put(_: Patches) -> None:
        from starlette.applications import Starlette  # noqa: PLC0415 - only who instruments it must have it

        _starlette.record("starlette", Starlette, options)

    _integration.turn_on_when_imported({"starlette.applications": put})


def uninstrument(app: Starlette | None = None) -> None:
    """Take back what `instrument` did to one application, or to all of them."""
    if app is None:
        _integration.turn_off()
    _starlette.forget("starlette", app)
