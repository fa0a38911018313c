"""starlette-opentracing: its middleware under a real ASGI server, one request in the midst of another."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from _asgi import serving_asgi
from _http import call, call_across, get
from opentracing.scope_managers.contextvars import ContextVarsScopeManager
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette_opentracing import StarletteTracingMiddleWare

if TYPE_CHECKING:
    from _stage import Stage
    from starlette.requests import Request

SCOPE_MANAGER = ContextVarsScopeManager
GIVES = """
caller
  /hello [server]
    work
/hello [server]
  work
caller
  /fail [server] error
patient caller
  /slow [server]
    after the wait
quick caller
  /quick [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    entered = threading.Event()
    served = asyncio.Event()

    async def hello(request: Request) -> PlainTextResponse:
        stage.note("baggage", stage.tracer.active_span.get_baggage_item("tenant"))
        with stage.tracer.start_active_span("work"):
            await asyncio.sleep(0)
            return PlainTextResponse("hello")

    async def fail(request: Request) -> PlainTextResponse:
        raise KeyError("no such thing")

    async def slow(request: Request) -> PlainTextResponse:
        entered.set()
        await served.wait()
        with stage.tracer.start_active_span("after the wait"):
            return PlainTextResponse("slow")

    async def quick(request: Request) -> PlainTextResponse:
        served.set()
        return PlainTextResponse("quick")

    app = Starlette(routes=[Route(f"/{view.__name__}", view) for view in (hello, fail, slow, quick)])
    app.add_middleware(StarletteTracingMiddleWare, tracer=stage.tracer)
    with serving_asgi(app) as url:
        stage.note("answer", call(stage, f"{url}/hello?x=1"))
        stage.note("answer", get(f"{url}/hello"))
        stage.note("answer", call(stage, f"{url}/fail")[0])
        # Which of the two interleaved requests ends first is not the library's to say.
        stage.let_ends_race()
        call_across(stage, f"{url}/slow", f"{url}/quick", entered)
    stage.note("still active", stage.tracer.active_span is not None)
