"""opencensus-ext-zipkin, an exporter: what it sends is nothing of the program's, and nobody records it."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from _stage import answering

BRIDGE = "opencensus"
INTEGRATIONS = ("requests", "urllib3")
GIVES = """
page | new code
  oc page | opencensus
    GET client | requests
      answer | far side
  oc page | opencensus
    GET client | requests
      answer | far side
"""


def set_up():
    """Leave all as it is: the exporter is given to a tracer."""


def ask():
    """Ask a server in a span that is exported to another one, with every second of them in a thread."""
    from opencensus.common.transports.async_ import AsyncTransport
    from opencensus.common.transports.sync import SyncTransport
    from opencensus.ext.zipkin.trace_exporter import ZipkinExporter
    from opencensus.trace import samplers
    from opencensus.trace.tracer import Tracer

    with answering() as url, answering() as zipkin:
        place = urlsplit(zipkin)
        for transport in (SyncTransport, AsyncTransport):
            exporter = ZipkinExporter(
                "shop", host_name=place.hostname, port=place.port, endpoint=place.path, transport=transport
            )
            with Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter).span("oc page"):
                requests.get(url, timeout=10)
            if transport is AsyncTransport:
                exporter.transport.flush()
