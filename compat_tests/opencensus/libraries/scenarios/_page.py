"""What a page of a web application does, whatever serves it: works, calls a peer, as old code and as new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from _formats import CALLERS
from _http import get
from opencensus.ext.requests import trace as requests_library
from opencensus.trace import execution_context

if TYPE_CHECKING:
    from _http import Peer
    from _stage import Stage


class Page:
    """A page that OpenCensus's requests library serves: a legacy span, in it a new one, in it a request."""

    def __init__(self, stage: Stage, peer: Peer) -> None:
        self._stage = stage
        self._peer = peer
        requests_library.trace_integration()

    def __call__(self) -> str:
        """Do what the view does, and return its answer."""
        tracer = execution_context.get_opencensus_tracer()
        with tracer.span("work") as span:
            span.add_attribute("items", 3)
            span.add_annotation("found", share=0.5)
            with self._stage.native("new code"):
                requests.get(f"{self._peer.url}/cart", timeout=5)
            requests.get(f"{self._peer.url}/gone", timeout=5)
        return "hello"

    def visit(self, url: str, headers: dict[str, str], label: str) -> None:
        """Request a URL; write down the answer, and what its peer was told of the trace."""
        self._stage.note(f"{label}: answer", get(url, headers))
        for received in self._peer.received:
            self._stage.note_headers(f"{label}: sent on", received)
        self._peer.received.clear()

    def visit_all(self, url: str, format_: str = "W3C") -> None:
        """Request `/hello` with and without a caller's context, `/fail`, and `/health`, which is left out."""
        caller, unsampled = CALLERS[format_]
        self.visit(f"{url}/hello?x=1", caller, "with a caller")
        self.visit(f"{url}/hello", {}, "alone")
        self.visit(f"{url}/hello", unsampled, "not sampled by the caller")
        self.visit(f"{url}/fail", caller, "failing")
        self.visit(f"{url}/health", caller, "left out")
