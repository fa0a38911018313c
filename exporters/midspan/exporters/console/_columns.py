"""Share the width of the terminal among the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.exporters.console._labels import kind_of, name_of, origin_of, service_of
from midspan.exporters.console._text import cells
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.exporters.console._tree import Node

__all__ = ["DURATION", "Columns", "columns_for"]

DURATION: Final = 9
_GAP: Final = 2
_RAIL: Final = 3
_MARK: Final = 2
_MAX_NAME: Final = 60
_FAIR_NAME: Final = 36
_MAX_SERVICE: Final = 20
_BAR: Final = 24
_LEAST_BAR: Final = 10
_MAX_BAR: Final = 48


class Columns(NamedTuple):
    """How many cells each column takes; none if it is left out. Between two columns are two blanks."""

    name: int
    service: int
    origin: int
    kind: int
    bar: int


def columns_for(nodes: Sequence[Node], width: int) -> Columns:
    """Return columns that fill at most `width` cells.

    Where there is not enough room, long names are cut first; then the kinds go, the bars grow short, the
    services go and the origins, and at last names are cut further.
    """
    name = min(max(map(_wish, nodes)), _MAX_NAME)
    service = min(max(cells(service_of(node.span)) for node in nodes), _MAX_SERVICE)
    origin = max(len(origin_of(node.span)) for node in nodes)
    kind = max(len(kind_of(node.span)) for node in nodes)
    columns = Columns(name, service, origin, kind, _BAR)
    for smaller in (
        {"name": min(name, _FAIR_NAME)},
        {"kind": 0},
        {"bar": _LEAST_BAR},
        {"service": 0},
        {"origin": 0},
    ):
        if _taken(columns) <= width:
            break
        columns = columns._replace(**smaller)
    spare = width - _taken(columns)
    if spare < 0:
        return columns._replace(name=max(columns.name + spare, 1))
    # What is left goes to names that were cut, and to the bars, by halves.
    longer = min(name - columns.name, spare // 2)
    return columns._replace(name=columns.name + longer, bar=min(columns.bar + spare - longer, _MAX_BAR))


def _wish(node: Node) -> int:
    """Return how many cells a span's name would like, with all that stands before it."""
    failed: bool = node.span.status.code == StatusCode.ERROR
    marks = (failed, node.parent is None and node.span.parent is not None)
    return len(node.rails) * _RAIL + sum(marks) * _MARK + cells(name_of(node.span))


def _taken(columns: Columns) -> int:
    return sum(columns) + _GAP * sum(map(bool, columns)) + DURATION
