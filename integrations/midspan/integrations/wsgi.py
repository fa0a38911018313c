"""Record the requests that a WSGI application serves (PEP 3333), whatever it is made with.

Where a framework's own integration is on as well (Flask, Django), it adds to this span what it knows better,
the route say, and makes none of its own.

>>> from midspan.integrations import wsgi
>>> def application(environ, start_response):
...     start_response("200 OK", [])
...     return [b"hello"]
>>> application = wsgi.instrument(application)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan.integrations._http import server_settings
from midspan.integrations._wsgi import TracedApplication, WSGIPolicy

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Unpack

    from midspan.integrations._http import ServerOptions

__all__ = ["instrument", "uninstrument"]


def instrument(app: WSGIApplication, **options: Unpack[ServerOptions]) -> TracedApplication:
    """Return an application that serves as `app` does, and records each request.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    policy = WSGIPolicy("midspan.integrations.wsgi", server_settings("wsgi", options))
    return TracedApplication(uninstrument(app), policy)


def uninstrument(app: WSGIApplication) -> WSGIApplication:
    """Return the application that `instrument` was given; any other is returned as it is."""
    return app.native if isinstance(app, TracedApplication) else app
