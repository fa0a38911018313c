"""celery-opentracing's class of applications."""

from __future__ import annotations

import _celery

BRIDGE = "opentracing"
INTEGRATIONS = ("celery",)
GIVES = """
page | new code
  publish shop.greet producer | opentracing
shop.greet consumer | opentracing
"""
made = []


def set_up():
    """Set the legacy library up."""
    from celery_opentracing import CeleryTracing

    made.append(CeleryTracing("shop", broker="memory://"))


def ask():
    """Ask for something twice."""
    _celery.work(made[0])
