"""Put a tracer on the stage for a library, and write down every span that the library makes of it.

The same scenario is played over opentracing's MockTracer and over midspan. Both records have one form (see
`Stage.record`), so that they can be compared as plain data.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

import opentracing

if TYPE_CHECKING:
    from collections.abc import Callable

ACTORS = "mock", "midspan", "midspan-own-manager", "midspan-jaeger"
# What differs from run to run and says nothing about the tracer.
_EVERYWHERE = (
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0xADDRESS"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
)


class Stage:
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
        self.tracer = tracer
        self.install = install
        self.ports = ports
        self._read = read
        self._notes: list[list[Any]] = []
        self._masks = list(_EVERYWHERE)
        self._hidden: set[str] = set()
        self._racing_from = sys.maxsize

    def note(self, label: str, value: object) -> None:
        """Write down what the application sees, such as whether the active span is the one expected."""
        self._notes.append([label, value])

    def receive(self, label: str, carrier: Any, format: str = opentracing.Format.HTTP_HEADERS) -> None:  # noqa: A002 - OpenTracing's word
        """Show what a carrier says, as a peer would read it: a span under it, a note of its baggage."""
        try:
            context = self.tracer.extract(format, carrier)
        except opentracing.SpanContextCorruptedException:
            # MockTracer says so of a carrier that holds nothing; others say None.
            context = None
        with self.tracer.start_span(f"received: {label}", child_of=context, ignore_active_span=True):
            self.note(f"baggage received: {label}", dict(context.baggage) if context else None)

    def mask(self, pattern: str, name: str) -> None:
        """Replace what `pattern` matches, in every string that is recorded."""
        self._masks.append((re.compile(pattern), name))

    def hide(self, *keys: str) -> None:
        """Record only the type of these tags and fields: their values are measured, so they differ."""
        self._hidden.update(keys)

    def let_ends_race(self) -> None:
        """Do not record in which order the spans to come end: a server may answer before it ends its span."""
        self._racing_from = len(self._read())

    def wait_for(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until `count` spans have ended: some end in another thread, after the answer has been sent."""
        deadline = time.monotonic() + timeout_s
        while len(self._read()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self._read())} spans ended, {count} were expected")
            time.sleep(0.01)

    def record(self) -> dict[str, Any]:
        """Return the spans in the order they started, and the notes.

        A span refers to its parent and to the first span of its trace by their places in the list.
        """
        spans = sorted(self._read(), key=lambda span: span["started"])
        place = {span["id"]: index for index, span in enumerate(spans)}
        first: dict[Any, int] = {}
        for index, span in enumerate(spans):
            first.setdefault(span["trace"], index)
        shown = [
            {
                "name": self._clean(span["name"]),
                "parent": None if span["parent"] is None else place.get(span["parent"], "unknown"),
                "trace": first[span["trace"]],
                "ended": span["ended"] if span["ended"] < self._racing_from else None,
                "kind": span["kind"],
                "error": span["error"],
                "tags": self._clean(span["tags"]),
                "logs": self._clean(span["logs"]),
            }
            for span in spans
        ]
        return {"spans": shown, "notes": self._clean(self._notes), "opentracing": _version("opentracing")}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: f"a {type(item).__name__}" if key in self._hidden else self._clean(item)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._clean(item) for item in value]
        if isinstance(value, str):
            value = _short_stack(value)
            for pattern, name in self._masks:
                value = pattern.sub(name, value)
        return value


def set_stage(
    actor: str, ports: dict[str, int], scope_manager: Callable[[], opentracing.ScopeManager] | None
) -> Stage:
    """Return a stage for one of `ACTORS`.

    MockTracer needs the scope manager that fits the library's kind of concurrency. midspan's native manager
    fits every kind, which is what `midspan` shows; `midspan-own-manager` gives it the same one as MockTracer.
    `midspan-jaeger` writes and reads jaeger-client's headers instead of W3C's.
    """
    if actor not in ACTORS:
        raise ValueError(f"the tracer is one of {', '.join(ACTORS)}, not {actor}")
    manager = scope_manager() if scope_manager and actor in ("mock", "midspan-own-manager") else None
    if actor == "mock":
        from _mock import open_mock

        return Stage(*open_mock(manager), ports)
    from _midspan import open_midspan

    return Stage(*open_midspan(manager, "jaeger" if actor == "midspan-jaeger" else None), ports)


def _short_stack(text: str) -> str:
    """Cut a printed stack to its innermost function and its last line.

    The outer frames depend on when it is printed: an exception collects them on its way up.
    """
    if not text.startswith(("Traceback (most recent call last):", "  File ")):
        return text
    functions = re.findall(r'^  File ".*", line \d+, in (\S+)$', text, re.MULTILINE)
    return f"stack: in {functions[-1]}: {text.rstrip().splitlines()[-1]}" if functions else text


def _version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)
