"""opentracing-instrumentation's patch of Celery."""

from __future__ import annotations

import _celery
from celery import Celery

BRIDGE = "opentracing"
INTEGRATIONS = ("celery",)
GIVES = """
page | new code
  Celery:apply_async:shop.greet client | opentracing
  Celery:run:shop.greet server | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from opentracing_instrumentation.client_hooks import celery as legacy

    legacy.install_patches()


def ask():
    """Ask for something twice."""
    _celery.work(Celery("shop", broker="memory://"))
