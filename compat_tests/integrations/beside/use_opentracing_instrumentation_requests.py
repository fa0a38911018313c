"""opentracing-instrumentation's patch of requests."""

from __future__ import annotations

import requests
from _stage import answering

BRIDGE = "opentracing"
INTEGRATIONS = ("requests", "urllib3")
GIVES = """
page | new code
  GET client | opentracing
    answer | far side
  GET client | opentracing
    answer | far side
"""


def set_up():
    """Set the legacy library up."""
    from opentracing_instrumentation.client_hooks import requests as legacy

    legacy.install_patches()


def ask():
    """Ask for something twice."""
    with answering() as url:
        requests.get(url, timeout=10)
        with requests.Session() as session:
            session.get(url, timeout=10)
