"""pyramid-opentracing with opentracing 2.0, as it pins: its tween, a view that raises, one traced alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _http import call, get, serving_wsgi
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid_opentracing import PyramidTracing

if TYPE_CHECKING:
    from _stage import Stage
    from pyramid.request import Request

GIVES = """
caller
  GET [server]
    work
GET [server]
  work
caller
  GET [server] error
caller
  alone [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    tracing = PyramidTracing(stage.tracer)

    def hello(request: Request) -> Response:
        span = tracing.get_span(request)
        stage.note("the active span is the request's", stage.tracer.active_span is span)
        stage.note("baggage", span.get_baggage_item("tenant"))
        with stage.tracer.start_active_span("work"):
            return Response("hello")

    def fail(request: Request) -> Response:
        raise KeyError("no such thing")

    settings = {"ot.traced_attributes": ["path", "method"], "ot.start_span_cb": _tag_query}
    with serving_wsgi(_app(tracing, {**settings, "ot.trace_all": True}, [hello, fail])) as url:
        stage.note("answer", call(stage, f"{url}/hello?x=1"))
        stage.note("answer", get(f"{url}/hello"))
        stage.note("answer", call(stage, f"{url}/fail")[0])

    @tracing.trace("host_url", "scheme")
    def alone(request: Request) -> Response:
        return Response("alone")

    # The library renames every view that it decorates.
    alone.__name__ = "alone"
    with serving_wsgi(_app(tracing, {**settings, "ot.trace_all": False}, [alone])) as url:
        stage.note("answer", call(stage, f"{url}/alone"))
    stage.note("still active", stage.tracer.active_span is not None)


def _app(tracing: PyramidTracing, settings: dict[str, Any], views: list[Any]) -> Any:
    with Configurator(settings={"ot.tracing": tracing, **settings}) as config:
        config.include("pyramid_opentracing")
        for view in views:
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__)
        return config.make_wsgi_app()


def _tag_query(span: Any, request: Request) -> None:
    span.set_tag("query", request.query_string or "none")
