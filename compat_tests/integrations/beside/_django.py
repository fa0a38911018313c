"""A Django application with one middleware, a legacy one."""

from __future__ import annotations

import _asked
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from midspan.integrations import django as integration


def serve(middleware, **more):
    """Serve it, and tell who recorded the requests."""
    integration.instrument()
    urls = [path("hello", lambda _: HttpResponse("hello"))]
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="only for this run",
        MIDDLEWARE=[middleware],
        ROOT_URLCONF=type("urls", (), {"urlpatterns": urls}),
        LOGGING_CONFIG=None,
        **more,
    )
    django.setup()
    _asked.ask_wsgi(get_wsgi_application())
    _asked.tell()
