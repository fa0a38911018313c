"""requests-opentracing: a peer that reads the headers, a dead port, propagation switched off."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import requests
from _http import serving_wsgi
from requests_opentracing import SessionTracing, monkeypatch_requests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _stage import Stage

GIVES = """
page
  requests.get [client]
    received: peer
  requests.post [client]
requests.get [client]
  received: peer
received: nothing
requests.get [client] error
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    seen: list[dict[str, str]] = []

    def peer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.append(
            {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
        )
        start_response("200 OK", [])
        return [b"peer"]

    session = SessionTracing(stage.tracer, span_tags={"team": "shop", "retries": 2})
    with serving_wsgi(peer) as url:
        with stage.tracer.start_active_span("page") as scope:
            scope.span.set_baggage_item("tenant", "acme")
            stage.note("answer", session.get(f"{url}/x").text)
            stage.receive("peer", seen.pop())
            stage.note(
                "answer",
                SessionTracing(stage.tracer, propagate=False).post(f"{url}/y", headers={"A": "b"}).text,
            )
            silent = seen.pop()
        stage.install()
        monkeypatch_requests()
        stage.note("answer", requests.Session().get(url).text)
        stage.receive("peer", seen.pop())
    stage.receive("nothing", silent)
    _play_dead_port(stage)


def _play_dead_port(stage: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        stage.mask(rf"port={taken.getsockname()[1]}", "port=PORT")
        try:
            SessionTracing(stage.tracer).get(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        except requests.ConnectionError as error:
            stage.note("raised", type(error).__name__)
