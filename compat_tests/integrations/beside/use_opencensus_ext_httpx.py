"""opencensus-ext-httpx, without a span of OpenCensus and in one: it records the clients for threads alone."""

from __future__ import annotations

import asyncio

import httpx
from _oc import traced
from _stage import answering

BRIDGE = "opencensus"
INTEGRATIONS = ("httpx",)
GIVES = """
page | new code
  GET client | httpx
    answer | far side
  oc page | opencensus
    /hello client | opencensus
      answer | far side
    /hello client | opencensus
      answer | far side
    GET client | httpx
      answer | far side
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["httpx"])


def ask():
    """Ask a server."""

    async def asked(url):
        async with httpx.AsyncClient() as client:
            await client.get(url)

    with answering() as url:
        httpx.get(url)
        with traced():
            httpx.get(url)
            with httpx.Client() as client:
                client.get(url, headers={"x": "y"})
            asyncio.run(asked(url))
