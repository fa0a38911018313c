"""Draw traces as trees, with a bar for each span that shows when in the trace it ran."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.console._bar import bar_of
from midspan.exporters.console._columns import DURATION, columns_for
from midspan.exporters.console._details import details_of
from midspan.exporters.console._labels import kind_of, name_of, origin_of, service_of
from midspan.exporters.console._style import (
    ASCII,
    BOLD,
    DIM,
    ERROR,
    NATIVE,
    PLAIN,
    UNICODE,
    painted,
    service_style,
)
from midspan.exporters.console._text import cells, counted, date, duration, padded
from midspan.exporters.console._tree import traces, walk
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from midspan.exporters.console._columns import Columns
    from midspan.exporters.console._style import Glyphs, Segment
    from midspan.exporters.console._tree import Node

__all__ = ["render"]

_MIN_WIDTH: Final = 40
_GAP: Final = ("  ", PLAIN)


def render(
    spans: Iterable[Any],
    width: int = 100,
    color: bool = False,  # noqa: FBT001, FBT002 - as fixed for all who call it
    *,
    attributes: bool = False,
    ascii_only: bool = False,
) -> str:
    """Return a picture of finished spans, one block for each trace; no line is wider than `width` cells.

    With `attributes`, each span's attributes stand below it. Whatever comes from outside is cut, and its
    control characters are escaped. A width below 40 counts as 40.
    """
    width, glyphs = max(width, _MIN_WIDTH), ASCII if ascii_only else UNICODE
    blocks = [_Block(trace, width, glyphs, color=color, attributes=attributes) for trace in traces(spans)]
    return "\n".join(
        "".join(f"{painted(line, width, glyphs, color=color)}\n" for line in block.lines())
        for block in blocks
    )


class _Block:
    """The picture of one trace."""

    def __init__(
        self, spans: Sequence[Any], width: int, glyphs: Glyphs, *, color: bool, attributes: bool
    ) -> None:
        self._nodes = list(walk(spans))
        self._width = width
        self._glyphs = glyphs
        self._color = color
        self._attributes = attributes
        self._begin_ns = min(span.start_ns for span in spans)
        self._total_ns = max(_end_ns(span) for span in spans) - self._begin_ns
        services = dict.fromkeys(service_of(node.span) for node in self._nodes)
        self._styles = {service: service_style(number) for number, service in enumerate(services)}
        self._columns = columns_for(self._nodes, width)

    def lines(self) -> Iterator[list[Segment]]:
        """Yield the lines, each in segments."""
        yield self._title()
        yield self._summary()
        yield self._legend()
        for node in self._nodes:
            yield self._line(node)
            below = [(self._rails(node, below=True), DIM)]
            for details in details_of(node.span, self._glyphs, attributes=self._attributes):
                yield below + details

    def _title(self) -> list[Segment]:
        rule = self._glyphs.rule
        trace_id, began = f"{self._nodes[0].span.context.trace_id:032x}", date(self._begin_ns)
        taken = len(f"{rule}{rule} trace {trace_id}  {began} {rule}{rule}")
        start: list[Segment] = [(f"{rule}{rule} trace ", DIM), (f"{trace_id} ", BOLD)]
        if taken >= self._width:
            return start
        return [*start, (f"{rule * (self._width - taken)} {began} {rule}{rule}", DIM)]

    def _summary(self) -> list[Segment]:
        spans = [node.span for node in self._nodes]
        origins = Counter(map(origin_of, spans))
        errors = sum(span.status.code == StatusCode.ERROR for span in spans)
        dot = f" {self._glyphs.dot} "
        return [
            (f"   {counted(len(spans), 'span')}: ", PLAIN),
            (", ".join(f"{count} {origin}" for origin, count in sorted(origins.items())), PLAIN),
            (dot, DIM),
            (duration(self._total_ns, self._glyphs.micro), PLAIN),
            *([(dot, DIM), (counted(errors, "error"), ERROR)] if errors else []),
        ]

    def _legend(self) -> list[Segment]:
        """Name the services in their colours; at the right, above the bars, say how much time they span."""
        columns, glyphs = self._columns, self._glyphs
        legend: list[Segment] = [("   ", PLAIN)]
        for service, style in self._styles.items():
            legend += [(f"{glyphs.square} {service}  ", style)]
        left = _taken_before_bar(columns)
        used = sum(cells(text) for text, _ in legend)
        if used > left:
            return legend
        return [*legend, (" " * (left - used), PLAIN), (_axis(columns.bar, self._total_ns, glyphs), DIM)]

    def _line(self, node: Node) -> list[Segment]:
        return [*self._name(node), *self._labels(node), *self._time(node.span)]

    def _name(self, node: Node) -> list[Segment]:
        failed = node.span.status.code == StatusCode.ERROR
        rails = self._rails(node, below=False)
        mark = f"{self._glyphs.error} " if failed else ""
        before = self._glyphs.orphan if node.parent is None and node.span.parent is not None else ""
        name = name_of(node.span)
        if not self._columns.service and len(self._styles) > 1 and _enters_service(node):
            name = f"{service_of(node.span)}: {name}"
        room = self._columns.name - cells(rails + mark + before)
        style = ERROR if failed else BOLD if node.parent is None else PLAIN
        return [(rails + before, DIM), (mark, ERROR), (self._cell(name, room), style)]

    def _labels(self, node: Node) -> Iterator[Segment]:
        service, origin = service_of(node.span), origin_of(node.span)
        shown = service if _enters_service(node) else ""
        for text, width, style in (
            (shown, self._columns.service, self._styles[service]),
            (origin, self._columns.origin, NATIVE if origin == "native" else PLAIN),
            (kind_of(node.span), self._columns.kind, DIM),
        ):
            if width:
                yield _GAP
                yield self._cell(text, width), style

    def _time(self, span: Any) -> list[Segment]:  # noqa: ANN401 - a span
        took = duration(_end_ns(span) - span.start_ns, self._glyphs.micro)
        whole_ns = self._total_ns or 1
        begin = (span.start_ns - self._begin_ns) / whole_ns
        end = (_end_ns(span) - self._begin_ns) / whole_ns if self._total_ns else 1.0
        style = ERROR if span.status.code == StatusCode.ERROR else self._styles[service_of(span)]
        bar = bar_of(begin, end, self._columns.bar, style, self._glyphs, color=self._color)
        return [_GAP, (took.rjust(DURATION), PLAIN), _GAP, *bar]

    def _rails(self, node: Node, *, below: bool) -> str:
        """Return what ties a line to its parent's; `below` is for the lines that belong to the span's own."""
        glyphs = self._glyphs
        rails = [glyphs.rail if follows else "   " for follows in node.rails]
        if below:
            rails.append(glyphs.rail if node.has_children else "   ")
        elif rails:
            rails[-1] = glyphs.fork if node.rails[-1] else glyphs.corner
        shown = "".join(rails)
        most = self._width // 2 if below else self._columns.name * 2 // 3
        return shown if len(shown) <= most else glyphs.ellipsis + shown[len(shown) - most + 1 :]

    def _cell(self, text: str, width: int) -> str:
        return padded(text, width, self._glyphs.ellipsis)


def _enters_service(node: Node) -> bool:
    return node.parent is None or service_of(node.parent) != service_of(node.span)


def _taken_before_bar(columns: Columns) -> int:
    labels = columns[:-1]
    return sum(labels) + len(_GAP[0]) * (sum(map(bool, labels)) + 1) + DURATION


def _axis(width: int, total_ns: int, glyphs: Glyphs) -> str:
    first, middle, last = glyphs.axis
    label = f" {duration(total_ns, glyphs.micro)} "
    return first + label.center(width - 2, middle) + last if len(label) + 2 <= width else ""


def _end_ns(span: Any) -> int:  # noqa: ANN401 - a span
    end_ns: int = max(span.end_ns or 0, span.start_ns)
    return end_ns
