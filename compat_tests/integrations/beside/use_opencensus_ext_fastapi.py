"""A FastAPI application with the middleware of opencensus-ext-fastapi."""

from __future__ import annotations

import _asked
from fastapi import FastAPI
from opencensus.ext.fastapi.fastapi_middleware import FastAPIMiddleware

from midspan.bridges import opencensus as bridge
from midspan.integrations import fastapi as integration

_asked.begin()
bridge.install()
integration.instrument()
app = FastAPI()
app.add_api_route("/hello", lambda: "hello")
app.add_middleware(FastAPIMiddleware)
_asked.ask_asgi(app)
_asked.tell()
