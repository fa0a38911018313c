"""Put the spans of a trace in the order in which a tree is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Node", "traces", "walk"]


class Node(NamedTuple):
    """A span in its place.

    `rails` says for each level above, from the outermost, whether a sibling of that ancestor follows further
    down; the last one speaks of the span itself. A root has none.
    """

    span: Any
    parent: Any
    rails: tuple[bool, ...]
    has_children: bool


def traces(spans: Iterable[Any]) -> list[list[Any]]:
    """Return the spans trace by trace, in the order in which the traces began."""
    by_id: dict[int, list[Any]] = {}
    for span in spans:
        by_id.setdefault(span.context.trace_id, []).append(span)
    return sorted(by_id.values(), key=lambda trace: min(span.start_ns for span in trace))


def walk(spans: Sequence[Any]) -> Iterator[Node]:
    """Yield each span of one trace once: parents before children, siblings by their start.

    A span whose parent is not among them is a root. So is, where parents run in a circle, the earliest of
    them: nothing is left out.
    """
    ordered = sorted(spans, key=lambda span: span.start_ns)
    present = {span.context.span_id for span in ordered}
    children: dict[int, list[Any]] = {}
    roots = []
    for span in ordered:
        parent = span.parent
        if parent is None or parent.span_id not in present or parent.span_id == span.context.span_id:
            roots.append(span)
        else:
            children.setdefault(parent.span_id, []).append(span)
    drawn: set[int] = set()
    for root in roots:
        yield from _descend(root, children, drawn)
    for span in ordered:
        if id(span) not in drawn:
            yield from _descend(span, children, drawn)


def _descend(root: Any, children: dict[int, list[Any]], drawn: set[int]) -> Iterator[Node]:  # noqa: ANN401 - a span
    # A loop instead of recursion: a trace may be deeper than the interpreter's stack.
    waiting: list[tuple[Any, Any, tuple[bool, ...]]] = [(root, None, ())]
    while waiting:
        span, parent, rails = waiting.pop()
        drawn.add(id(span))
        # Taken out, so that two spans with one id do not both claim the children.
        below = [child for child in children.pop(span.context.span_id, ()) if id(child) not in drawn]
        yield Node(span, parent, rails, bool(below))
        for number, child in enumerate(reversed(below)):
            waiting.append((child, span, (*rails, number > 0)))
