"""django-opentracing."""

from __future__ import annotations

import _django

BRIDGE = "opentracing"
INTEGRATIONS = ("django",)
GIVES = """
page | new code
  <lambda> server | opentracing
  <lambda> server | opentracing
"""


def set_up():
    """Name the middleware in the settings."""
    _django.configure("django_opentracing.OpenTracingMiddleware")


def ask():
    """Ask for something twice."""
    _django.ask()
