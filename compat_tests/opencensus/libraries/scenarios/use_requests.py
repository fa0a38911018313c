"""opencensus-ext-requests: a peer that reads the headers, answers that are errors, a dead port."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import requests
from _http import serving_peer
from opencensus.ext.requests import trace as library
from opencensus.trace import execution_context, samplers

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  /x [client]
  new code
    /y [client]
  /gone [client] error
  /broken [client] error
  / [client] error
/alone [client]
"""
NOTES_DIFFER = {
    "unsampled": (
        "the context of an unsampled span has an id",
        {"traceparent": "00-(another trace)-(another span)-00"},
    ),
}


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    tracer = stage.tracer()
    library.trace_integration(tracer)
    with serving_peer() as peer:
        with tracer.span("page"):
            stage.note("answer", requests.get(f"{peer.url}/x", timeout=5).text)
            stage.note_headers("under a span", peer.received.pop())
            with stage.native("new code"):
                requests.Session().post(f"{peer.url}/y", headers={"A": "b"}, timeout=5)
            stage.note_headers("under new code", peer.received.pop())
            for path in ("/gone", "/broken"):
                stage.note(path, requests.get(peer.url + path, timeout=5).status_code)
            _ask_dead_port(stage)
            _leave_out(stage, peer.url)
            stage.note_headers("left out", peer.received.pop())
        requests.get(f"{peer.url}/alone", timeout=5)
        stage.note_headers("alone", peer.received.pop())
        unsampled = stage.tracer(sampler=samplers.AlwaysOffSampler())
        with unsampled.span("unsampled"):
            requests.get(f"{peer.url}/quiet", timeout=5)
        stage.note_headers("unsampled", peer.received.pop())


def _ask_dead_port(stage: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        stage.mask(rf"port={taken.getsockname()[1]}", "port=PORT")
        try:
            requests.get(f"http://127.0.0.1:{taken.getsockname()[1]}/", timeout=5)
        except requests.ConnectionError as error:
            stage.note("raised", type(error).__name__)


def _leave_out(stage: Stage, url: str) -> None:
    execution_context.set_opencensus_attr("excludelist_hostnames", [url.removeprefix("http://")])
    stage.note("left out", requests.get(f"{url}/left-out", timeout=5).status_code)
    execution_context.set_opencensus_attr("excludelist_hostnames", None)
