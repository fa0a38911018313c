"""opencensus-ext-httpx: answers of all kinds, a dead port; of its verbs, `request` alone sends headers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
from _http import serving_peer
from opencensus.ext.httpx import trace as library

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  /x [client]
  /gone [client] error
  /broken [client] error
  new code
    /y [client]
  / [client] error
/alone [client]
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    tracer = stage.tracer()
    library.trace_integration(tracer)
    with serving_peer() as peer, httpx.Client(trust_env=False) as client:
        with tracer.span("page"):
            for path in ("/x", "/gone", "/broken"):
                stage.note(path, client.get(peer.url + path).status_code)
            stage.note_headers("sent by get", peer.received.pop())
            with stage.native("new code"):
                stage.note("posted", client.request("POST", f"{peer.url}/y", json={"a": 1}).text)
            stage.note_headers("sent by request", peer.received.pop())
            _ask_dead_port(stage, client)
        client.get(f"{peer.url}/alone")


def _ask_dead_port(stage: Stage, client: httpx.Client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        try:
            client.get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        except httpx.ConnectError as error:
            stage.note("raised", type(error).__name__)
