"""starlette-opentracing on an application of FastAPI's."""

from __future__ import annotations

from _stage import ask_asgi
from fastapi import FastAPI

BRIDGE = "opentracing"
INTEGRATIONS = ("fastapi",)
GIVES = """
page | new code
  /hello server | opentracing
  /hello server | opentracing
"""

app = FastAPI()
app.add_api_route("/hello", lambda: "hello")


def set_up():
    """Set the legacy library up."""
    import opentracing
    from starlette_opentracing import StarletteTracingMiddleWare

    app.add_middleware(StarletteTracingMiddleWare, tracer=opentracing.global_tracer())


def ask():
    """Ask for something twice."""
    ask_asgi(app)
    ask_asgi(app)
