"""signalfx-instrumentation-tornado with opentracing 2.3, as it pins: handlers and client of Tornado 6."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import tornado_opentracing
from _http import call
from opentracing.scope_managers.contextvars import ContextVarsScopeManager
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

if TYPE_CHECKING:
    from _stage import Stage

SCOPE_MANAGER = ContextVarsScopeManager
GIVES = """
caller
  Hello [server]
    GET [client]
      Last [server]
        work
page
  GET [client] error
    Fail [server] error
page
  GET [client]
patient caller
  Slow [server]
    after the wait
quick caller
  Quick [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    tornado_opentracing.init_tracing()
    asyncio.run(_play(stage))


async def _play(stage: Stage) -> None:
    arrived, served = asyncio.Event(), asyncio.Event()
    tracing = tornado_opentracing.TornadoTracing(stage.tracer)

    class Hello(RequestHandler):
        async def get(self) -> None:
            span = tracing.get_span(self.request)
            stage.note("the active span is the request's", stage.tracer.active_span is span)
            stage.note("baggage", span.get_baggage_item("tenant"))
            answer = await AsyncHTTPClient().fetch(f"{url}/last")
            self.write(answer.body)

    class Last(RequestHandler):
        def get(self) -> None:
            with stage.tracer.start_active_span("work"):
                self.write("last")

    class Fail(RequestHandler):
        async def get(self) -> None:
            raise KeyError("no such thing")

    class Slow(RequestHandler):
        async def get(self) -> None:
            arrived.set()
            await served.wait()
            with stage.tracer.start_active_span("after the wait"):
                self.write("slow")

    class Quick(RequestHandler):
        async def get(self) -> None:
            served.set()

    app = Application(
        [(f"/{handler.__name__.lower()}", handler) for handler in (Hello, Last, Fail, Slow, Quick)],
        opentracing_tracing=tracing,
        opentracing_start_span_cb=_tag,
        opentracing_traced_attributes=["path", "method"],
    )
    socket, port = bind_unused_port()
    server = HTTPServer(app)
    server.add_socket(socket)
    url = f"http://127.0.0.1:{port}"
    # The answer is on its way when the handler's span ends.
    stage.let_ends_race()
    loop = asyncio.get_running_loop()
    stage.note("answer", await loop.run_in_executor(None, call, stage, f"{url}/hello?x=1"))
    for path in ("fail", "missing"):
        with stage.tracer.start_active_span("page"):
            try:
                await AsyncHTTPClient().fetch(f"{url}/{path}")
            except HTTPClientError as error:
                stage.note("answer", error.code)
    patient = loop.run_in_executor(None, call, stage, f"{url}/slow", "patient caller")
    await arrived.wait()
    await loop.run_in_executor(None, call, stage, f"{url}/quick", "quick caller")
    await patient
    await loop.run_in_executor(None, stage.wait_for, 15)
    server.stop()
    await server.close_all_connections()
    stage.note("still active", stage.tracer.active_span is not None)


def _tag(span, request) -> None:
    span.set_tag("query", getattr(request, "query", "none"))
