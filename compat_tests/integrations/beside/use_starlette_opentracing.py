"""A Starlette application with the middleware of starlette-opentracing."""

from __future__ import annotations

import _asked
import opentracing
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette_opentracing import StarletteTracingMiddleWare

from midspan.bridges import opentracing as bridge
from midspan.integrations import starlette as integration


async def hello(_):
    """Answer."""
    return PlainTextResponse("hello")


_asked.begin()
bridge.install()
integration.instrument()
app = Starlette(routes=[Route("/hello", hello)])
app.add_middleware(StarletteTracingMiddleWare, tracer=opentracing.global_tracer())
_asked.ask_asgi(app)
_asked.tell()
