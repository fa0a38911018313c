"""opencensus-ext-fastapi."""

from __future__ import annotations

from _stage import ask_asgi
from fastapi import FastAPI

BRIDGE = "opencensus"
INTEGRATIONS = ("fastapi",)
GIVES = """
page | new code
  [GET]http://shop/hello server | opencensus
  [GET]http://shop/hello server | opencensus
"""

app = FastAPI()
app.add_api_route("/hello", lambda: "hello")


def set_up():
    """Set the legacy library up."""
    from opencensus.ext.fastapi.fastapi_middleware import FastAPIMiddleware

    app.add_middleware(FastAPIMiddleware)


def ask():
    """Ask for something twice."""
    ask_asgi(app)
    ask_asgi(app)
