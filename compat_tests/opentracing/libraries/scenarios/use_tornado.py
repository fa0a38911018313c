"""tornado-opentracing with opentracing 2.0, as it pins: handlers, coroutines and client of Tornado 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import _tornado5  # noqa: F401 - before tornado
import tornado_opentracing
from _http import call
from opentracing.scope_managers.tornado import TornadoScopeManager
from tornado import gen
from tornado.concurrent import Future
from tornado.httpclient import AsyncHTTPClient, HTTPError
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

if TYPE_CHECKING:
    from _stage import Stage

SCOPE_MANAGER = TornadoScopeManager
GIVES = """
caller
  Hello [server]
    GET [client]
      Last [server]
        work
GET [client] error
  Fail [server] error
GET [client]
  ErrorHandler [server]
patient caller
  Slow [server]
    after the wait
quick caller
  Quick [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    tornado_opentracing.init_tracing()
    IOLoop.current().run_sync(lambda: _play(stage))


@gen.coroutine
def _play(stage: Stage) -> Any:
    arrived, served = Future(), Future()
    tracing = tornado_opentracing.TornadoTracing(stage.tracer)

    class Hello(RequestHandler):
        @gen.coroutine
        def get(self) -> Any:
            span = tracing.get_span(self.request)
            stage.note("the active span is the request's", stage.tracer.active_span is span)
            stage.note("baggage", span.get_baggage_item("tenant"))
            answer = yield AsyncHTTPClient().fetch(f"{url}/last")
            stage.note("and still is", stage.tracer.active_span is span)
            self.write(answer.body)

    class Last(RequestHandler):
        def get(self) -> None:
            with stage.tracer.start_active_span("work"):
                self.write("last")

    class Fail(RequestHandler):
        @gen.coroutine
        def get(self) -> Any:
            raise KeyError("no such thing")

    class Slow(RequestHandler):
        @gen.coroutine
        def get(self) -> Any:
            arrived.set_result(None)
            yield served
            with stage.tracer.start_active_span("after the wait"):
                self.write("slow")

    class Quick(RequestHandler):
        def get(self) -> None:
            served.set_result(None)

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
    loop = IOLoop.current()
    stage.note("answer", (yield loop.run_in_executor(None, call, stage, f"{url}/hello?x=1")))
    for path in ("fail", "missing"):
        try:
            yield AsyncHTTPClient().fetch(f"{url}/{path}")
        except HTTPError as error:
            stage.note("answer", error.code)
    patient = loop.run_in_executor(None, call, stage, f"{url}/slow", "patient caller")
    yield arrived
    yield loop.run_in_executor(None, call, stage, f"{url}/quick", "quick caller")
    yield patient
    yield loop.run_in_executor(None, stage.wait_for, 14)
    server.stop()
    stage.note("still active", stage.tracer.active_span is not None)


def _tag(span: Any, request: Any) -> None:
    span.set_tag("query", getattr(request, "query", "none"))
