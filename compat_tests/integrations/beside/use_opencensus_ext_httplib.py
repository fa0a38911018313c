"""opencensus-ext-httplib, without a span of OpenCensus and in one: below requests and urllib3 1.26."""

from __future__ import annotations

import requests
import urllib3
from _oc import traced
from _stage import answering

BRIDGE = "opencensus"
INTEGRATIONS = ("requests", "urllib3")
GIVES = """
page | new code
  GET client | requests
    answer | far side
  oc page | opencensus
    [httplib]request client | opencensus
      answer | far side
    [httplib]request client | opencensus
      answer | far side
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["httplib"])


def ask():
    """Ask a server."""
    with answering() as url:
        requests.get(url, timeout=10)
        with traced(), urllib3.PoolManager() as pool:
            requests.get(url, timeout=10)
            pool.request("GET", url)
