"""requests-opentracing: every session, by its patch of requests."""

from __future__ import annotations

import requests
from _stage import answering

BRIDGE = "opentracing"
INTEGRATIONS = ("requests", "urllib3")
GIVES = """
page | new code
  requests.get client | opentracing
    answer | far side
  requests.get client | opentracing
    answer | far side
"""


def set_up():
    """Set the legacy library up."""
    from requests_opentracing import monkeypatch_requests

    monkeypatch_requests()


def ask():
    """Ask for something twice."""
    with answering() as url:
        requests.get(url, timeout=10)
        with requests.Session() as session:
            session.get(url, timeout=10)
