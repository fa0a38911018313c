"""Record the requests and the websockets that a FastAPI application serves.

As `starlette` does, with FastAPI's routes (`GET /users/{number}`), those of included routers and of mounted
applications too. An application of FastAPI is one of Starlette: where both integrations are on, this one
records it, and there is one span a request. The span is current in dependencies and endpoints, in those that
run in threads as well. A request that does not validate (422) is no error of the server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.integrations import _starlette
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from fastapi import FastAPI
    from typing_extensions import Unpack

    from midspan.integrations._http import ServerOptions

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("fastapi", "fastapi", oldest="0.79.0")


def instrument(app: FastAPI | None = None, **options: Unpack[ServerOptions]) -> None:
    """Record the requests of one application, or, without one, of every application, made or yet to be made.

    Hooks are called with the scope: `request_hook(span, scope)`, `response_hook(span, scope, message)`, where
    `message` is the one that starts the response. The options are those of every HTTP server.

    Raises:
        ConfigurationError: FastAPI is missing or too old, or an option is not valid.
    """
    LIBRARY.must_be_here("fastapi")
    from fastapi import FastAPI  # noqa: PLC0415 - only who instruments it must have it

    _starlette.record("fastapi", FastAPI if app is None else app, options)


def uninstrument(app: FastAPI | None = None) -> None:
    """Take back what `instrument` did to one application, or to all of them."""
    _starlette.forget("fastapi", app)
