"""A shop in Django, with PostgreSQL."""

from __future__ import annotations

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="only for this run",
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": os.environ["SHOP_POSTGRES"],
            "USER": "postgres",
            "NAME": "postgres",
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()


def order(_request, number):
    """Take an order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s + 1", [number])
        return HttpResponse(str(cursor.fetchone()[0]))


urlpatterns = [path("<int:number>", order)]
application = get_wsgi_application()
