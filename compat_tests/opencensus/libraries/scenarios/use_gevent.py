"""opencensus-ext-gevent: flask served by gevent, one request in the midst of another, and greenlets.

gevent itself calls the library as soon as it has patched the standard library, because it is installed.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

from typing import TYPE_CHECKING  # noqa: E402 -- nothing is imported before the patches, as gevent asks

import flask  # noqa: E402
import gevent  # noqa: E402
from _formats import CALLERS  # noqa: E402
from _http import get, serving_peer  # noqa: E402
from _page import Page  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402
from opencensus.common.runtime_context import RuntimeContext  # noqa: E402
from opencensus.ext.flask.flask_middleware import FlaskMiddleware  # noqa: E402
from opencensus.trace import execution_context, samplers  # noqa: E402

if TYPE_CHECKING:
    from _stage import Stage
    from opencensus.trace.tracer import Tracer

GIVES = """
(caller)
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/quick [server]
    amidst
[GET]http://127.0.0.1:PORT/slow [server]
  after the wait
page
  a
    a, new code
  b
    b, new code
  c
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    stage.note("patched", type(RuntimeContext).__name__)
    with serving_peer() as peer:
        entered = Event()
        server = WSGIServer(("127.0.0.1", 0), _app(stage, Page(stage, peer), entered), log=None)
        server.start()
        url = f"http://127.0.0.1:{server.server_port}"
        get(f"{url}/hello", CALLERS["W3C"][0])
        for received in peer.received:
            stage.note_headers("sent on", received)
        slow = gevent.spawn(get, f"{url}/slow")
        if not entered.wait(timeout=10):
            raise TimeoutError("the slow request did not arrive")
        get(f"{url}/quick", CALLERS["W3C"][0])
        slow.join(timeout=10)
        server.stop()
    _spawn(stage)


def _app(stage: Stage, page: Page, entered: Event) -> flask.Flask:
    app = flask.Flask("shop")
    served = Event()
    FlaskMiddleware(app, None, samplers.AlwaysOnSampler(), stage.exporter)
    app.route("/hello")(page.__call__)

    @app.route("/slow")
    def slow() -> str:
        entered.set()
        served.wait(timeout=10)
        with execution_context.get_opencensus_tracer().span("after the wait"):
            return "slow"

    @app.route("/quick")
    def quick() -> str:
        with stage.native("amidst"):
            gevent.sleep(0)
            served.set()
        return "quick"

    return app


def _spawn(stage: Stage) -> None:
    """Hand the trace on to greenlets, as OpenCensus's documentation says to, and to some without."""
    tracer = stage.tracer()

    def work(name: str) -> None:
        gevent.sleep(0)
        with tracer.span(name):
            gevent.sleep(0)
            with stage.native(f"{name}, new code"):
                gevent.sleep(0)

    with tracer.span("page"):
        handed_on = [gevent.spawn(RuntimeContext.with_current_context(work), f"{each}") for each in "ab"]
        gevent.joinall(handed_on, timeout=10)
        gevent.spawn(_alone, stage, tracer).join(timeout=10)
        stage.note("current again", execution_context.get_current_span().name)


def _alone(stage: Stage, tracer: Tracer) -> None:
    stage.note("current in a greenlet that was handed nothing", execution_context.get_current_span())
    with tracer.span("c"):
        gevent.sleep(0)
