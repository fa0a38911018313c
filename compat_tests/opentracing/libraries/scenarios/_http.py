"""Request an application as a traced peer, or as a plain one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from _serving import get, serving_wsgi
from opentracing import Format

if TYPE_CHECKING:
    from _stage import Stage

__all__ = ["call", "call_across", "get", "serving_wsgi"]


def call_across(stage: Stage, slow: str, quick: str, entered: threading.Event) -> None:
    """Request `quick` while the server is busy with `slow`, which sets `entered` and waits for `quick`."""
    patient = threading.Thread(target=call, args=(stage, slow, "patient caller"))
    patient.start()
    if not entered.wait(timeout=10):
        raise TimeoutError("the slow request did not arrive")
    call(stage, quick, "quick caller")
    patient.join(timeout=10)


def call(stage: Stage, url: str, name: str = "caller") -> tuple[int, str]:
    """Request a URL from within a span with baggage, as an instrumented peer does."""
    with stage.tracer.start_active_span(name) as scope:
        scope.span.set_baggage_item("tenant", "acme")
        headers: dict[str, str] = {}
        stage.tracer.inject(scope.span.context, Format.HTTP_HEADERS, headers)
        return get(url, headers)
