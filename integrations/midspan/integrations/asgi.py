"""Record the requests and the websockets that an ASGI application serves (ASGI 3), whatever it is made with.

A span ends when the response is out; what an application does after that, in background tasks say, is no part
of its duration. Where a framework's own integration is on as well (Starlette, FastAPI, Django), it adds to
this span what it knows better, the route say, and makes none of its own.

>>> from midspan.integrations import asgi
>>> async def application(scope, receive, send):
...     await send({"type": "http.response.start", "status": 200, "headers": []})
...     await send({"type": "http.response.body", "body": b"hello"})
>>> application = asgi.instrument(application)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan.integrations._asgi import ASGIPolicy, TracedApplication
from midspan.integrations._http import server_settings

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from midspan.integrations._asgi import Application
    from midspan.integrations._http import ServerOptions

__all__ = ["instrument", "uninstrument"]


def instrument(app: Application, **options: Unpack[ServerOptions]) -> TracedApplication:
    """Return an application that serves as `app` does, and records each request and each websocket.

    Hooks are called with the scope: `request_hook(span, scope)`, `response_hook(span, scope, message)`, where
    `message` is the one that starts the response. The options are those of every HTTP server.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    policy = ASGIPolicy("midspan.integrations.asgi", server_settings("asgi", options))
    return TracedApplication(uninstrument(app), policy)


def uninstrument(app: Application) -> Application:
    """Return the application that `instrument` was given; any other is returned as it is."""
    return app.native if isinstance(app, TracedApplication) else app
