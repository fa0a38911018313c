"""opencensus-ext-django. By default, its middleware keeps one trace in 10,000."""

from __future__ import annotations

import _django

BRIDGE = "opencensus"
INTEGRATIONS = ("django",)
GIVES = """
page | new code
  _django.<lambda> server | opencensus
  _django.<lambda> server | opencensus
"""


def set_up():
    """Name the middleware in the settings."""
    _django.configure(
        "opencensus.ext.django.middleware.OpencensusMiddleware",
        OPENCENSUS={"TRACE": {"SAMPLER": "opencensus.trace.samplers.AlwaysOnSampler()"}},
    )


def ask():
    """Ask for something twice."""
    _django.ask()
