"""opencensus-ext-fastapi on an application of Starlette"s."""

from __future__ import annotations

from _stage import ask_asgi
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

BRIDGE = "opencensus"
INTEGRATIONS = ("starlette",)
GIVES = """
page | new code
  [GET]http://shop/hello server | opencensus
  [GET]http://shop/hello server | opencensus
"""


async def hello(_):
    """Answer."""
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/hello", hello)])


def set_up():
    """Set the legacy library up."""
    from opencensus.ext.fastapi.fastapi_middleware import FastAPIMiddleware

    app.add_middleware(FastAPIMiddleware)


def ask():
    """Ask for something twice."""
    ask_asgi(app)
    ask_asgi(app)
