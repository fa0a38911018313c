"""Write down what a scenario's application sees and which spans it makes, in one form for every tracer."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What differs from run to run and says nothing about the tracer.
_EVERYWHERE = (
    (re.compile(r"\b(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0xADDRESS"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
)


class Notebook:
    """The record of a scenario: the spans that ended, and notes.

    `read` gives each span as a dictionary with `id`, `parent`, `trace`, `started` and `ended` (by which the
    spans can be ordered), and whatever else is to be compared. `strangers` names spans and traces that belong
    to nobody here, such as a caller's.
    """

    def __init__(
        self, read: Callable[[], list[dict[str, Any]]], strangers: dict[Any, str] | None = None
    ) -> None:
        self._read = read
        self._strangers = dict(strangers or {})
        self._notes: list[list[Any]] = []
        self._masks = list(_EVERYWHERE)
        self._hidden: set[str] = set()
        self._racing_from = sys.maxsize

    def note(self, label: str, value: object) -> None:
        """Write down what the application sees, such as whether the active span is the one expected."""
        self._notes.append([label, value])

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
        return {"spans": self._shown(spans), "notes": self._clean(self._notes)}

    def _shown(self, spans: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        # Ids of spans and of traces may be alike.
        place: dict[Any, Any] = {**self._strangers, None: None}
        first: dict[Any, Any] = {**self._strangers}
        for index, span in enumerate(spans):
            place[span["id"]] = index
            first.setdefault(span["trace"], index)
        return [
            {
                **{key: self._clean(value) for key, value in span.items() if key not in ("id", "started")},
                "parent": place.get(span["parent"], "unknown"),
                "trace": first[span["trace"]],
                "ended": span["ended"] if span["ended"] < self._racing_from else None,
            }
            for span in spans
        ]

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: f"a {type(item).__name__}" if key in self._hidden else self._clean(item)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._clean(item) for item in value]
        if isinstance(value, (bytes, bytearray)):
            return self._clean_text(repr(bytes(value)))
        return self._clean_text(value) if isinstance(value, str) else value

    def _clean_text(self, text: str) -> str:
        text = _short_stack(text)
        for pattern, name in self._masks:
            text = pattern.sub(name, text)
        return text


def _short_stack(text: str) -> str:
    """Cut a printed stack to its innermost function and its last line.

    The outer frames depend on when it is printed: an exception collects them on its way up.
    """
    if not text.startswith(("Traceback (most recent call last):", "  File ")):
        return text
    functions = re.findall(r'^  File ".*", line \d+, in (\S+)$', text, re.MULTILINE)
    return f"stack: in {functions[-1]}: {text.rstrip().splitlines()[-1]}" if functions else text
