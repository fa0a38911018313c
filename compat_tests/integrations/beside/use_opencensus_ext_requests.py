"""opencensus-ext-requests, without a span of OpenCensus and in one: by function and by session."""

from __future__ import annotations

import requests
from _oc import traced
from _stage import answering

BRIDGE = "opencensus"
INTEGRATIONS = ("requests", "urllib3")
GIVES = """
page | new code
  GET client | requests
    answer | far side
  oc page | opencensus
    /hello client | opencensus
      answer | far side
    /hello client | opencensus
      answer | far side
    GET client | requests
      answer | far side
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["requests"])


def ask():
    """Ask a server."""
    with answering() as url:
        requests.get(url, timeout=10)
        with traced():
            requests.get(url, timeout=10)
            with requests.Session() as session:
                session.get(url, timeout=10)
                # The extension knows nothing of this.
                session.send(requests.Request("GET", url).prepare(), timeout=10)
