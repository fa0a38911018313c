"""Draw a table of metrics: what was counted and measured, by whom, and in which trace to look."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.exporters.console._labels import origin_of, service_of
from midspan.exporters.console._series import rows_of, sections
from midspan.exporters.console._style import (
    ASCII,
    BOLD,
    DIM,
    NATIVE,
    PLAIN,
    UNICODE,
    painted,
    service_style,
)
from midspan.exporters.console._text import cells, counted, date, duration, escaped, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from midspan.exporters.console._series import Example, Row, Section
    from midspan.exporters.console._style import Glyphs, Segment

__all__ = ["render_metrics"]

_MIN_WIDTH: Final = 40
_GAP: Final = 2
_MARGIN: Final = "   "
_MAX_NAME: Final = 44
_MAX_ATTRIBUTES: Final = 60
_FAIR: Final = 24
_LEAST: Final = 12


def render_metrics(  # noqa: PLR0913 - what to show, and in which manner
    metrics: Iterable[Any],
    width: int = 100,
    color: bool = False,  # noqa: FBT001, FBT002 - as `render` has it
    *,
    ascii_only: bool = False,
    max_series: int | None = 20,
    services: Iterable[str] = (),
) -> str:
    """Return a table of finished metrics; no line is wider than `width` cells.

    Of each metric, the first `max_series` series are shown, and how many more there are. `services` are
    named in the order in which they take their colours, so that these can be a picture's above the table.
    Whatever comes from outside is cut, and its control characters are escaped. A width below 40 counts as 40.
    """
    width, glyphs = max(width, _MIN_WIDTH), ASCII if ascii_only else UNICODE
    metrics = list(metrics)
    named = dict.fromkeys([*map(escaped, services), *map(service_of, metrics)])
    styles = {service: service_style(number) for number, service in enumerate(named)}
    parts = [
        _Part(section, [row for each in section.metrics for row in _safe_rows(each, glyphs, max_series)])
        for section in sections(metrics)
    ]
    table = _Table(metrics, parts, styles, width, glyphs)
    return "".join(f"{painted(line, width, glyphs, color=color)}\n" for line in table.lines())


class _Part(NamedTuple):
    """A section, and the rows of its metrics."""

    section: Section
    rows: list[Row]


class _Columns(NamedTuple):
    """How many cells each column takes; none if it is left out."""

    name: int
    kind: int
    attributes: int
    number: int


class _Table:
    """The picture of one collection."""

    def __init__(
        self,
        metrics: Sequence[Any],
        parts: list[_Part],
        styles: Mapping[str, str],
        width: int,
        glyphs: Glyphs,
    ) -> None:
        self._metrics = metrics
        self._parts = parts
        self._styles = styles
        self._width = width
        self._glyphs = glyphs
        self._columns = _columns_for([row for part in parts for row in part.rows], width)

    def lines(self) -> Iterator[list[Segment]]:
        """Yield the lines, each in segments."""
        if not self._metrics:
            return
        yield self._title()
        yield self._summary()
        for section, rows in self._parts:
            yield self._heading(section)
            for row in rows:
                yield self._line(row)
                if row.exemplar is not None:
                    yield self._exemplar(row.exemplar)

    def _title(self) -> list[Segment]:
        rule = self._glyphs.rule
        at = date(max((point.time_ns for point in _points(self._metrics)), default=0))
        start = f"{rule}{rule} metrics "
        rest = max(self._width - len(start) - len(at) - 4, 1)
        return [(f"{rule}{rule} ", DIM), ("metrics ", BOLD), (f"{rule * rest} {at} {rule}{rule}", DIM)]

    def _summary(self) -> list[Segment]:
        origins = Counter(map(origin_of, self._metrics))
        points = list(_points(self._metrics))
        dot = f" {self._glyphs.dot} "
        begins = [point.start_ns for point in points if point.start_ns]
        took_ns = max(max((point.time_ns for point in points), default=0) - min(begins, default=0), 0)
        over = [(dot, DIM), (f"in {duration(took_ns, self._glyphs.micro)}", PLAIN)] if begins else []
        return [
            (f"{_MARGIN}{counted(len(self._metrics), 'metric')}: ", PLAIN),
            (", ".join(f"{count} {origin}" for origin, count in sorted(origins.items())), PLAIN),
            (dot, DIM),
            (f"{len(points)} series", PLAIN),
            *over,
        ]

    def _heading(self, section: Section) -> list[Segment]:
        origin = origin_of(section)
        version = escaped(getattr(section.scope, "version", "") or "")
        return [
            (f"{self._glyphs.square} {section.service}  ", self._styles[section.service]),
            (f"{origin}  ", NATIVE if origin == "native" else PLAIN),
            (f"{escaped(getattr(section.scope, 'name', ''))} {version}", DIM),
        ]

    def _line(self, row: Row) -> list[Segment]:
        columns, gap = self._columns, " " * _GAP
        line: list[Segment] = [(_MARGIN, PLAIN), (self._cell(row.name, columns.name), PLAIN)]
        if columns.kind:
            line += [(gap, PLAIN), (self._cell(row.kind, columns.kind), DIM)]
        if columns.attributes:
            line += [(gap, PLAIN), (self._cell(row.attributes, columns.attributes), PLAIN)]
        line += [(gap, PLAIN), (row.number.rjust(columns.number), BOLD), (f" {row.about}", PLAIN)]
        # What does not fit is left out whole: half a number is a wrong one.
        room = self._width - sum(cells(text) for text, _ in line)
        for details in row.details:
            room -= cells(details) + _GAP
            if room >= 0:
                line += [(gap + details, DIM)]
        return line

    def _exemplar(self, example: Example) -> list[Segment]:
        """Point from a series to a trace; the id comes whole, so that it can be searched for."""
        begin = f"{self._glyphs.link} {example.value} in trace "
        indent = len(_MARGIN) + self._columns.name + _GAP
        room = self._width - cells(begin) - len(example.trace_id)
        return [
            (" " * max(min(indent, room), 0) + begin, DIM),
            (example.trace_id, PLAIN),
            (f"  {example.attributes}", DIM),
        ]

    def _cell(self, text: str, width: int) -> str:
        return padded(text, width, self._glyphs.ellipsis)


def _safe_rows(metric: Any, glyphs: Glyphs, most: int | None) -> list[Row]:  # noqa: ANN401 - a metric
    """Return the rows of a metric; none, counted, if it holds what cannot be shown."""
    try:
        return rows_of(metric, glyphs, most)
    except Exception as error:  # noqa: BLE001 - a foreign source may have put anything there
        _trouble.report("console.odd_metric", "the metric %s cannot be shown", metric.name, error=error)
        return []


def _points(metrics: Iterable[Any]) -> Iterator[Any]:
    for metric in metrics:
        yield from metric.points


def _columns_for(rows: Sequence[Row], width: int) -> _Columns:
    """Return columns that leave room for the numbers.

    Where there is little, attributes are cut first; then the kinds go, and at last names are cut. How values
    are spread is worth more than the kind, and less than a whole name.
    """
    columns = _Columns(
        min(_widest(row.name for row in rows), _MAX_NAME),
        _widest(row.kind for row in rows),
        min(_widest(row.attributes for row in rows), _MAX_ATTRIBUTES),
        _widest(row.number for row in rows),
    )
    about = _widest(row.about for row in rows)
    spread = _widest("".join((row.about, *(" " * _GAP + each for each in row.details))) for row in rows)
    room = width - about
    for smaller, wanted in (
        ({"attributes": min(columns.attributes, _FAIR)}, spread),
        ({"kind": 0}, spread),
        ({"name": min(columns.name, _FAIR)}, about),
        ({"attributes": min(columns.attributes, _LEAST)}, about),
    ):
        if _taken(columns) + wanted <= width:
            return columns
        columns = columns._replace(**smaller)
    return columns._replace(name=max(columns.name + min(room - _taken(columns), 0), _LEAST))


def _taken(columns: _Columns) -> int:
    return len(_MARGIN) + sum(columns) + _GAP * (sum(map(bool, columns)) - 1) + 1


def _widest(texts: Iterable[str]) -> int:
    return max(map(cells, texts), default=0)
