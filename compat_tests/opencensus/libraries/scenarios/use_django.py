"""opencensus-ext-django: its middleware, in Google's format, a view that raises, a query, a path left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from _formats import PROPAGATORS
from _http import serving_peer, serving_wsgi
from _page import Page
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from opencensus.trace import execution_context

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
(caller)
  use_django.hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  use_django.hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  use_django.fail [server]
use_django.hello [server]
  work
    new code
      /cart [client]
    /gone [client] error
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    with serving_peer() as peer:
        page = Page(stage, peer)

        def hello(request: HttpRequest) -> HttpResponse:
            stage.note("current", execution_context.get_current_span().name)
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 + %s", [1])
                stage.note("rows", cursor.fetchall())
            return HttpResponse(page())

        def fail(request: HttpRequest) -> HttpResponse:
            raise KeyError("no such thing")

        views = [path(view.__name__, view) for view in (hello, fail)]
        _configure(stage, [*views, path("health", hello)])
        with serving_wsgi(get_wsgi_application()) as url:
            page.visit_all(url, "Google")


def _configure(stage: Stage, urls: list[object]) -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only for this run",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        MIDDLEWARE=["opencensus.ext.django.middleware.OpencensusMiddleware"],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": urls}),
        OPENCENSUS={
            "TRACE": {
                # The documented form: text that the library evaluates.
                "SAMPLER": "opencensus.trace.samplers.ProbabilitySampler(rate=1)",
                "EXPORTER": stage.exporter,
                "PROPAGATOR": PROPAGATORS["Google"],
                "EXCLUDELIST_PATHS": ["health"],
            }
        },
        LOGGING_CONFIG=None,
    )
    django.setup()
