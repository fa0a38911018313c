"""A Django application with one middleware, a legacy one."""

from __future__ import annotations

import django
from _stage import ask_wsgi
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path


def configure(middleware, decorated=lambda view: view, **more):
    """Set Django up, with this middleware, and one of the views decorated."""
    urls = [
        path("hello", decorated(lambda _: HttpResponse("hello"))),
        path("other", lambda _: HttpResponse("hello")),
    ]
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only for this run",
        MIDDLEWARE=[middleware],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": urls}),
        LOGGING_CONFIG=None,
        **more,
    )
    django.setup()


def application():
    """Return what serves it."""
    return get_wsgi_application()


def ask():
    """Ask for a page, twice."""
    app = application()
    ask_wsgi(app)
    ask_wsgi(app)
