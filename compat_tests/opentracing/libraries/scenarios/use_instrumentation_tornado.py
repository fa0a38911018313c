"""opentracing-instrumentation in Tornado 5: stack contexts, coroutines, the hook for Tornado's client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import _tornado5  # noqa: F401 - before tornado
from opentracing.scope_managers.tornado import TornadoScopeManager
from opentracing_instrumentation import get_current_span, span_in_stack_context, traced_function
from opentracing_instrumentation.client_hooks import install_patches
from opentracing_instrumentation.http_server import TornadoRequestWrapper, before_request
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
# The library refuses to work with any other scope manager.
INSISTS = True
GIVES = """
caller
  GET [client]
    GET [server]
      GET [client]
        GET [server]
          work
GET [client] error
GET [client]
  GET [server]
    wait
GET [client]
  GET [server]
    fails error
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    stage.hide("peer.port")
    install_patches(["opentracing_instrumentation.client_hooks.tornado_http.install_patches"])
    IOLoop.current().run_sync(lambda: _play(stage))


@gen.coroutine
def _play(stage: Stage) -> Any:
    served, arrived = Future(), Future()

    @traced_function
    @gen.coroutine
    def wait() -> Any:
        arrived.set_result(None)
        yield served

    @traced_function(name="fails")
    @gen.coroutine
    def fail() -> Any:
        yield gen.moment
        raise KeyError("no such thing")

    class Traced(RequestHandler):
        def get(self, path: str) -> Any:
            span = before_request(TornadoRequestWrapper(self.request))
            # A stack context must not be left open across a yield, so this is no coroutine.
            with span_in_stack_context(span):
                future = getattr(self, path)()
            future.add_done_callback(lambda _: span.finish())
            return future

        @gen.coroutine
        def page(self) -> Any:
            span = get_current_span()
            stage.note("baggage", span.get_baggage_item("tenant"))
            answer = yield AsyncHTTPClient().fetch(f"{url}/last")
            stage.note("the request's span is still active", get_current_span() is span)
            self.write(answer.body)

        @gen.coroutine
        def last(self) -> Any:
            with stage.tracer.start_active_span("work"):
                self.write("last")

        @gen.coroutine
        def slow(self) -> Any:
            yield wait()

        @gen.coroutine
        def quick(self) -> Any:
            served.set_result(None)
            try:
                yield fail()
            except KeyError as error:
                stage.note("raised", str(error))

    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/(page|last|slow|quick)", Traced)]))
    server.add_socket(socket)
    url = f"http://127.0.0.1:{port}"
    stage.let_ends_race()
    with span_in_stack_context(stage.tracer.start_span("caller")):
        get_current_span().set_baggage_item("tenant", "acme")
        answer = AsyncHTTPClient().fetch(f"{url}/page")
        get_current_span().finish()
    yield answer
    try:
        yield AsyncHTTPClient().fetch(f"{url}/missing")
    except HTTPError as error:
        stage.note("answer", error.code)
    patient = AsyncHTTPClient().fetch(f"{url}/slow")
    yield arrived
    yield AsyncHTTPClient().fetch(f"{url}/quick")
    yield patient
    yield IOLoop.current().run_in_executor(None, stage.wait_for, 13)
    server.stop()
    stage.note("still active", stage.tracer.active_span is not None)
