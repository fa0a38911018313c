"""django-opentracing: its middleware, a view that raises, baggage from the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from _http import call, get, serving_wsgi
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django_opentracing import DjangoTracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
caller
  hello [server]
    work
hello [server]
  work
caller
  fail [server] error
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    tracing = DjangoTracing(stage.tracer)

    def hello(request: HttpRequest) -> HttpResponse:
        span = tracing.get_span(request)
        stage.note("the active span is the request's", stage.tracer.active_span is span)
        stage.note("baggage", span.get_baggage_item("tenant"))
        with stage.tracer.start_active_span("work"):
            return HttpResponse("hello")

    def fail(request: HttpRequest) -> HttpResponse:
        raise KeyError("no such thing")

    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only for this run",
        MIDDLEWARE=["django_opentracing.OpenTracingMiddleware"],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("hello", hello), path("fail", fail)]}),
        OPENTRACING_TRACING=tracing,
        OPENTRACING_TRACED_ATTRIBUTES=["path", "method", "content_type"],
        LOGGING_CONFIG=None,
    )
    django.setup()
    with serving_wsgi(get_wsgi_application()) as url:
        stage.note("answer", call(stage, f"{url}/hello?x=1"))
        stage.note("answer", get(f"{url}/hello"))
        stage.note("answer", call(stage, f"{url}/fail")[0])
    stage.note("still active", stage.tracer.active_span is not None)
