"""opencensus-ext-fastapi: its middleware under a real ASGI server, one request in the midst of another."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from _asgi import serving_asgi
from _formats import CALLERS
from _http import get, serving_peer
from _page import Page
from fastapi import FastAPI
from opencensus.ext.fastapi.fastapi_middleware import FastAPIMiddleware
from opencensus.trace import execution_context

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
(caller)
  [GET]http://127.0.0.1:PORT/hello?x=1 [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/fail [server]
  [GET]http://127.0.0.1:PORT/in-a-thread [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/quick [server]
    amidst
[GET]http://127.0.0.1:PORT/hello [server]
  work
    new code
      /cart [client]
    /gone [client] error
[GET]http://127.0.0.1:PORT/slow [server]
  after the wait
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    with serving_peer() as peer:
        page = Page(stage, peer)
        app = FastAPI()
        entered, served = threading.Event(), asyncio.Event()

        @app.get("/hello")
        async def hello() -> str:
            stage.note("current", execution_context.get_current_span().name)
            return page()

        @app.get("/in-a-thread")
        def in_a_thread() -> str:
            return page()

        @app.get("/fail")
        async def fail() -> str:
            raise KeyError("no such thing")

        @app.get("/health")
        async def health() -> str:
            with execution_context.get_opencensus_tracer().span("not traced"):
                return "healthy"

        @app.get("/slow")
        async def slow() -> str:
            entered.set()
            await served.wait()
            with execution_context.get_opencensus_tracer().span("after the wait"):
                return "slow"

        @app.get("/quick")
        async def quick() -> str:
            served.set()
            with stage.native("amidst"):
                return "quick"

        app.add_middleware(FastAPIMiddleware, excludelist_paths=["health"], exporter=stage.exporter)
        with serving_asgi(app) as url:
            page.visit_all(url)
            page.visit(f"{url}/in-a-thread", CALLERS["W3C"][0], "in a thread")
            # Which of the two interleaved requests ends first is not the library's to say.
            stage.let_ends_race()
            patient = threading.Thread(target=get, args=(f"{url}/slow",))
            patient.start()
            if not entered.wait(timeout=10):
                raise TimeoutError("the slow request did not arrive")
            get(f"{url}/quick", CALLERS["W3C"][0])
            patient.join(timeout=10)
