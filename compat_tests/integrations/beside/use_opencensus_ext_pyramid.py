"""opencensus-ext-pyramid, of an application that `wsgi` is around."""

from __future__ import annotations

from _stage import ask_wsgi
from pyramid.config import Configurator
from pyramid.response import Response

from midspan.integrations import wsgi

BRIDGE = "opencensus"
INTEGRATIONS = ()
GIVES = """
page | new code
  [GET]/hello server | opencensus
  [GET]/hello server | opencensus
"""
made = []


def set_up():
    """Make an application with the tween."""
    from opencensus.trace import samplers

    settings = {"OPENCENSUS": {"TRACE": {"SAMPLER": samplers.AlwaysOnSampler()}}}
    with Configurator(settings=settings) as config:
        config.add_tween("opencensus.ext.pyramid.pyramid_middleware.OpenCensusTweenFactory")
        config.add_route("hello", "/hello")
        config.add_view(lambda _: Response("hello"), route_name="hello")
        made.append(wsgi.instrument(config.make_wsgi_app()))


def ask():
    """Ask for a page twice."""
    ask_wsgi(made[0])
    ask_wsgi(made[0])
