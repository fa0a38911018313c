"""opencensus-ext-httplib: requests by the standard library, alone, in new code, and by urllib."""

from __future__ import annotations

import http.client
import urllib.request
from typing import TYPE_CHECKING

from _http import serving_peer
from opencensus.ext.httplib import trace as library
from opencensus.trace import samplers

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  [httplib]request [client]
  [httplib]request [client]
  new code
    [httplib]request [client]
  [httplib]request [client]
[httplib]request [client]
"""
NOTES_DIFFER = {
    "/unsampled": (
        "the context of an unsampled span has an id",
        {"traceparent": "00-(another trace)-(another span)-00"},
    ),
}


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    tracer = stage.tracer()
    library.trace_integration()
    with serving_peer() as peer:
        host = peer.url.removeprefix("http://")

        def ask(path: str) -> int:
            connection = http.client.HTTPConnection(host, timeout=5)
            # The library insists on both a body and headers.
            connection.request("GET", path, None, {"A": "b"})
            with connection.getresponse() as answer:
                status = answer.status
            connection.close()
            stage.note_headers(path, peer.received.pop())
            return status

        with tracer.span("page"):
            stage.note("answers", [ask(path) for path in ("/x", "/gone")])
            with stage.native("new code"):
                ask("/y")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{peer.url}/z", timeout=5) as answer:
                stage.note("by urllib", answer.status)
            stage.note_headers("by urllib", peer.received.pop())
        ask("/alone")
        stage.tracer(sampler=samplers.AlwaysOffSampler())
        ask("/unsampled")
