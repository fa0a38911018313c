"""starlette-opentracing, of an application that `asgi` is around."""

from __future__ import annotations

from _stage import ask_asgi
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from midspan.integrations import asgi

BRIDGE = "opentracing"
INTEGRATIONS = ()
GIVES = """
page | new code
  /hello server | opentracing
  /hello server | opentracing
"""


async def hello(_):
    """Answer."""
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/hello", hello)])


def set_up():
    """Set the legacy library up."""
    import opentracing
    from starlette_opentracing import StarletteTracingMiddleWare

    app.add_middleware(StarletteTracingMiddleWare, tracer=opentracing.global_tracer())


def ask():
    """Ask for something twice."""
    around = asgi.instrument(app)
    ask_asgi(around)
    ask_asgi(around)
