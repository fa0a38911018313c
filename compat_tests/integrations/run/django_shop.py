"""A shop in Django, with PostgreSQL."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_settings")


def order(_request, number):
    """Take an order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s + 1", [number])
        return HttpResponse(str(cursor.fetchone()[0]))


urlpatterns = [path("<int:number>", order)]
application = get_wsgi_application()
