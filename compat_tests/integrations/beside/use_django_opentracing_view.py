"""django-opentracing's decorator, on one view; the other is left to the integration."""

from __future__ import annotations

import _django
from _stage import ask_wsgi

BRIDGE = "opentracing"
INTEGRATIONS = ("django",)
GIVES = """
page | new code
  <lambda> server | opentracing
  GET /other server | django
  GET server | django
"""


def set_up():
    """Leave all that is not decorated unrecorded."""
    from django_opentracing import DjangoTracing

    tracing = DjangoTracing()
    _django.configure(
        "django_opentracing.OpenTracingMiddleware",
        decorated=tracing.trace(),
        OPENTRACING_TRACING=tracing,
        OPENTRACING_TRACE_ALL=False,
    )


def ask():
    """Ask for each view, and for none."""
    for path in ("/hello", "/other", "/none"):
        ask_wsgi(_django.application(), path)
