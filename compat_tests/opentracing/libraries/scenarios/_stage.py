"""Put a tracer on the stage for a library, and write down every span that the library makes of it.

The same scenario is played over opentracing's MockTracer and over midspan. Both records have one form (see
`Notebook.record`), so that they can be compared as plain data.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import opentracing
from _notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ACTORS = "mock", "midspan", "midspan-own-manager", "midspan-jaeger"


class Stage(Notebook):
    """What a scenario acts with: the tracer, the ports of the servers it asked for, and a notebook.

    Attributes:
        tracer: the tracer under test.
        install: makes it the global tracer.
        ports: server name -> TCP port on 127.0.0.1.
    """

    def __init__(
        self,
        tracer: opentracing.Tracer,
        install: Callable[[], None],
        read: Callable[[], list[dict[str, Any]]],
        ports: dict[str, int],
    ) -> None:
        super().__init__(read)
        self.tracer = tracer
        self.install = install
        self.ports = ports

    def receive(self, label: str, carrier: Any, format: str = opentracing.Format.HTTP_HEADERS) -> None:  # noqa: A002 - OpenTracing's word
        """Show what a carrier says, as a peer would read it: a span under it, a note of its baggage."""
        try:
            context = self.tracer.extract(format, carrier)
        except opentracing.SpanContextCorruptedException:
            # MockTracer says so of a carrier that holds nothing; others say None.
            context = None
        with self.tracer.start_span(f"received: {label}", child_of=context, ignore_active_span=True):
            self.note(f"baggage received: {label}", dict(context.baggage) if context else None)

    def record(self) -> dict[str, Any]:
        """Return the spans, the notes, and the version of opentracing."""
        return {**super().record(), "opentracing": version("opentracing")}


def set_stage(actor: str, ports: dict[str, int], scenario: ModuleType) -> Stage:
    """Return a stage for one of `ACTORS`.

    MockTracer needs the scope manager that fits the library's kind of concurrency; where that is not threads,
    a scenario names it in `SCOPE_MANAGER`. midspan's native manager fits every kind, which is what `midspan`
    shows; `midspan-own-manager` gives it the same one as MockTracer. `midspan-jaeger` writes and reads
    jaeger-client's headers instead of W3C's.
    """
    if actor not in ACTORS:
        raise ValueError(f"the tracer is one of {', '.join(ACTORS)}, not {actor}")
    scope_manager = getattr(scenario, "SCOPE_MANAGER", None)
    manager = scope_manager() if scope_manager and actor in ("mock", "midspan-own-manager") else None
    if actor == "mock":
        from _mock import open_mock

        return Stage(*open_mock(manager), ports)
    from _midspan import open_midspan

    return Stage(*open_midspan(manager, "jaeger" if actor == "midspan-jaeger" else None), ports)
