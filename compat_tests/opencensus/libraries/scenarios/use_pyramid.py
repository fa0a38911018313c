"""opencensus-ext-pyramid: its tween from settings, B3, a view that raises, a path left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _http import serving_peer, serving_wsgi
from _page import Page
from _stage import LATER_SPAN, LATER_TRACE
from opencensus.trace import execution_context, samplers
from opencensus.trace.propagation.b3_format import B3FormatPropagator
from pyramid.config import Configurator
from pyramid.response import Response

if TYPE_CHECKING:
    from _stage import Stage
    from pyramid.request import Request

GIVES = """
(caller)
  [GET]/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
(the failed request, which never ends)
  work
    new code
      /cart [client]
    /gone [client] error
  [GET]/later [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]/later-alone [server]
    work
      new code
        /cart [client]
      /gone [client] error
[GET]/hello [server]
  work
    new code
      /cart [client]
    /gone [client] error
"""
# The library does not see that the view raises: it leaves the request's span open, and current in its thread.
_LEFT_OPEN = "a span that another request left open is no parent"
SPANS_DIFFER = {
    "[GET]/later": (_LEFT_OPEN, {"parent": "later caller"}),
    "[GET]/later-alone": (_LEFT_OPEN, {"parent": None}),
}


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    with serving_peer() as peer:
        page = Page(stage, peer)

        def hello(request: Request) -> Response:
            stage.note("current", execution_context.get_current_span().name)
            return Response(page())

        def fail(request: Request) -> Response:
            stage.expect_no_end("the failed request", execution_context.get_current_span().span_id)
            raise KeyError("no such thing")

        trace = {
            "SAMPLER": samplers.AlwaysOnSampler(),
            "EXPORTER": stage.exporter,
            "PROPAGATOR": B3FormatPropagator(),
            "EXCLUDELIST_PATHS": ["health"],
        }
        with Configurator(settings={"OPENCENSUS": {"TRACE": trace}}) as config:
            config.add_tween("opencensus.ext.pyramid.pyramid_middleware.OpenCensusTweenFactory")
            for name, view in {
                "hello": hello,
                "fail": fail,
                "health": hello,
                "later": hello,
                "later-alone": hello,
            }.items():
                config.add_route(name, f"/{name}")
                config.add_view(view, route_name=name)
            app = config.make_wsgi_app()
        with serving_wsgi(app) as url:
            page.visit_all(url, "B3")
            later = {"X-B3-TraceId": LATER_TRACE, "X-B3-SpanId": LATER_SPAN, "X-B3-Sampled": "1"}
            page.visit(f"{url}/later", later, "after the failure")
            page.visit(f"{url}/later-alone", {}, "alone after the failure")
