"""sanic-opentracing: its middleware under Sanic's own server, one request in the midst of another."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from _http import call, call_across, get
from opentracing.scope_managers.contextvars import ContextVarsScopeManager
from sanic import Sanic
from sanic.response import HTTPResponse, text
from sanic_opentracing import SanicTracing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _stage import Stage
    from sanic.request import Request

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
    served: list[asyncio.Event] = []
    app = Sanic("shop", configure_logging=False)
    tracing = SanicTracing(
        stage.tracer, app, ["method", "path"], trace_all_requests=True, exceptions=[KeyError]
    )

    @app.route("/hello")
    async def hello(request: Request) -> HTTPResponse:
        stage.note("baggage", stage.tracer.active_span.get_baggage_item("tenant"))
        stage.note("the active span is the request's", stage.tracer.active_span is tracing.get_span(request))
        with stage.tracer.start_active_span("work"):
            await asyncio.sleep(0)
            return text("hello")

    @app.route("/fail")
    async def fail(request: Request) -> HTTPResponse:
        raise KeyError("no such thing")

    @app.route("/slow")
    async def slow(request: Request) -> HTTPResponse:
        served.append(asyncio.Event())
        entered.set()
        await served[0].wait()
        with stage.tracer.start_active_span("after the wait"):
            return text("slow")

    @app.route("/quick")
    async def quick(request: Request) -> HTTPResponse:
        served[0].set()
        return text("quick")

    with _serving(app) as url:
        stage.note("answer", call(stage, f"{url}/hello?x=1"))
        stage.note("answer", get(f"{url}/hello"))
        stage.note("answer", call(stage, f"{url}/fail")[0])
        stage.let_ends_race()
        call_across(stage, f"{url}/slow", f"{url}/quick", entered)
    stage.note("still active", stage.tracer.active_span is not None)


@contextlib.contextmanager
def _serving(app: Sanic) -> Iterator[str]:
    """Run Sanic's server in a thread, in a loop of its own."""
    loop = asyncio.new_event_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()

    async def serve() -> None:
        server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
        await server.startup()
        await server.before_start()
        await server.after_start()
        loop.call_soon(ready.set)
        await over.wait()
        await server.before_stop()
        server.close()
        await server.wait_closed()
        await server.after_stop()

    over = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    if not ready.wait(timeout=10):
        raise TimeoutError("Sanic did not start")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
