"""Put metrics into rows, in the order in which a table of them is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.exporters.console._distribution import buckets_of, quantile, sparkline
from midspan.exporters.console._labels import service_of, shown_value
from midspan.exporters.console._numbers import amount, unit_of
from midspan.exporters.console._text import escaped
from midspan.metrics import MetricKind, NumberPoint, SummaryPoint, Temporality

if TYPE_CHECKING:
    from collections.abc import Iterable

    from midspan.exporters.console._style import Glyphs

__all__ = ["Example", "Row", "Section", "rows_of", "sections"]

_KINDS: Final = {
    MetricKind.SUM: "up-down",
    MetricKind.GAUGE: "gauge",
    MetricKind.HISTOGRAM: "histogram",
    MetricKind.EXPONENTIAL_HISTOGRAM: "histogram",
    MetricKind.SUMMARY: "summary",
}
_TWO: Final = 2
# Percentiles of fewer values would tell more of the buckets than of the values.
_ENOUGH: Final = 10


class Section(NamedTuple):
    """The metrics of one scope in one service."""

    service: str
    scope: Any
    metrics: list[Any]


class Example(NamedTuple):
    """One measurement of a series, and the trace in which it was made."""

    value: str
    trace_id: str
    attributes: str


class Row(NamedTuple):
    """A series: which it is, a number that stands for it, and what else is known, most important first."""

    name: str
    kind: str
    attributes: str
    number: str
    about: str
    details: tuple[str, ...]
    exemplar: Example | None


def sections(metrics: Iterable[Any]) -> list[Section]:
    """Return metrics by service, then by scope, each in the order in which the first of them comes."""
    services: dict[str, dict[Any, Section]] = {}
    for metric in metrics:
        service, scope = service_of(metric), metric.scope
        of_service = services.setdefault(service, {})
        key = getattr(scope, "name", ""), getattr(scope, "version", "")
        of_service.setdefault(key, Section(service, scope, [])).metrics.append(metric)
    return [section for of_service in services.values() for section in of_service.values()]


def rows_of(metric: Any, glyphs: Glyphs, most: int | None) -> list[Row]:  # noqa: ANN401 - a metric
    """Return a row for each series, or for the first `most` of them; only the first has the name."""
    points = metric.points if most is None else metric.points[:most]
    rows = [_row(metric, point, glyphs) for point in points] or [_blank(metric)]
    rows[1:] = [row._replace(name="", kind="") for row in rows[1:]]
    if len(points) < len(metric.points):
        left = f"{glyphs.ellipsis} {len(metric.points) - len(points)} more series"
        rows.append(_blank(metric)._replace(name="", kind="", attributes=left, about=""))
    return rows


def _blank(metric: Any) -> Row:  # noqa: ANN401 - as above
    kind = "counter" if metric.kind is MetricKind.SUM and metric.is_monotonic else _KINDS[metric.kind]
    return Row(escaped(metric.name) or "(no name)", kind, "", "", "no series", (), None)


def _row(metric: Any, point: Any, glyphs: Glyphs) -> Row:  # noqa: ANN401 - as above, and one of its points
    row = _blank(metric)._replace(attributes=_attributes(point.attributes))
    sign = "+" if _counts_anew(metric) else ""
    number, about, details = _shown(metric, point, glyphs)
    exemplar = _example(getattr(point, "exemplars", ()), unit_of(metric))
    return row._replace(number=sign + number, about=about, details=details, exemplar=exemplar)


def _example(exemplars: Iterable[Any], unit: str) -> Example | None:
    """Return the largest measurement of which the trace is known: what stands out is what is looked for."""
    traced = [exemplar for exemplar in exemplars if exemplar.trace_id]
    if not traced:
        return None
    largest = max(traced, key=lambda exemplar: exemplar.value)
    value = f"{amount(largest.value)} {unit}".rstrip()
    return Example(value, f"{largest.trace_id:032x}", _attributes(largest.filtered_attributes))


def _counts_anew(metric: Any) -> bool:  # noqa: ANN401 - as above
    is_of_time = metric.kind not in {MetricKind.GAUGE, MetricKind.SUMMARY}
    return is_of_time and metric.temporality == Temporality.DELTA


def _attributes(attributes: Any) -> str:  # noqa: ANN401 - a mapping
    return "  ".join(f"{escaped(key)}={shown_value(value)}" for key, value in attributes.items())


def _shown(metric: Any, point: Any, glyphs: Glyphs) -> tuple[str, str, tuple[str, ...]]:  # noqa: ANN401 - as above
    """Return the value; or how many values there are, their mean, and how they are spread."""
    if isinstance(point, NumberPoint):
        return amount(point.value), unit_of(metric), ()
    unit, number = unit_of(metric), amount(point.count)
    if not point.count or point.sum is None:
        return number, "values", ()
    about = f"{glyphs.times} {amount(point.sum / point.count)} {unit}".rstrip()
    if isinstance(point, SummaryPoint):
        return number, about, tuple(f"p{amount(share * 100)} {amount(v)}" for share, v in point.quantiles)
    if point.count < _TWO:
        return number, about, ()
    return number, about, tuple(_spread(point, glyphs))


def _spread(point: Any, glyphs: Glyphs) -> Iterable[str]:  # noqa: ANN401 - a histogram's point
    buckets = buckets_of(point)
    least, most = ("" if edge is None else amount(edge) for edge in (point.min, point.max))
    line = sparkline(buckets, glyphs) if len(buckets) >= _TWO else glyphs.ellipsis
    if least or most or len(buckets) >= _TWO:
        yield f"{least} {line} {most}".strip()
    if buckets and point.count >= _ENOUGH:
        yield "  ".join(f"p{share} ~{amount(quantile(buckets, share / 100))}" for share in (50, 95))
