"""Write what one process has counted into bytes, and read it again: JSON, with times and counts as they are.

What is read was written by a process of the same user, but may be cut short, damaged, or somebody's joke: it
is looked at before it is believed.
"""

from __future__ import annotations

import bisect
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan.exporters.prometheus._families import Groups
from midspan.exporters.prometheus._labels import labels_of
from midspan.metrics import (
    Buckets,
    Exemplar,
    ExponentialHistogramPoint,
    HistogramPoint,
    NumberPoint,
    SummaryPoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from midspan.exporters.prometheus._families import Group

__all__ = ["Snapshot", "decode", "encode"]

_FORMAT: Final = 1
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# Of exponential histograms (OpenTelemetry specification, "Exponential Scale"), and of doubles.
_MAX_SCALE: Final = 20
_MAX_EXPONENT: Final = 1100
_TEXT: Final = frozenset({str})
_NUMBERS: Final = frozenset({int, float})


class Snapshot(NamedTuple):
    """What one process, or all that have ended, have counted."""

    # Of which life of a process this is, and during which run of the application.
    life: str
    run: str
    # The labels of `target_info`.
    about: Mapping[str, str]
    groups: Groups
    # The lives that an archive took in when it was written last.
    taken: Sequence[str] = ()


def encode(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot; a series that JSON cannot hold is left out, counted."""
    families = [_family(group) for group in snapshot.groups]
    frame = [_FORMAT, snapshot.life, snapshot.run, dict(snapshot.about), list(snapshot.taken), families]
    try:
        return _dumped(frame)
    except (TypeError, ValueError):
        for family in families:
            family[-1] = [series for series in family[-1] if _is_fit(series, family[0])]
        return _dumped(frame)


def _dumped(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _is_fit(series: object, name: str) -> bool:
    try:
        _dumped(series)
    except (TypeError, ValueError) as error:
        _trouble.report("prometheus.no_point", "a point of %s is lost", name, error=error)
        return False
    return True


def _family(group: Group) -> list[Any]:
    series = [
        [[text for label in labels for text in label], form, *_WRITE[form](point)]
        for labels, (form, point) in group.points.items()
    ]
    return [group.name, group.kind, group.unit, group.description, series]


def _number(point: NumberPoint) -> list[Any]:
    exemplars = _newest(point.exemplars, lambda _: 0) if point.exemplars else ()
    return [point.start_ns, point.time_ns, point.value, exemplars]


def _histogram(point: HistogramPoint) -> list[Any]:
    bounds = list(point.bounds)
    place = lambda value: bisect.bisect_left(bounds, value)  # noqa: E731 - a key, used below only
    exemplars = _newest(point.exemplars, place) if point.exemplars else ()
    return [*point[1:5], list(point.bucket_counts), bounds, exemplars]


def _exponential(point: ExponentialHistogramPoint) -> list[Any]:
    sides = [[side.offset, list(side.counts)] for side in (point.positive, point.negative)]
    # By powers of two, as they are shown.
    exemplars = _newest(point.exemplars, lambda value: (value < 0, math.frexp(value)[1]))
    return [*point[1:7], *sides, point.zero_threshold, exemplars]


def _summary(point: SummaryPoint) -> list[Any]:
    return list(point[1:5])


def _newest(exemplars: Iterable[Exemplar], place: Callable[[float], object]) -> list[Any]:
    """Return the newest exemplar of each place: no more are ever shown."""
    newest: dict[object, Exemplar] = {}
    for exemplar in sorted(exemplars, key=lambda each: each.timestamp_ns):
        newest[place(exemplar.value)] = exemplar
    return [[*each[:4], labels_of(each.filtered_attributes)] for each in newest.values()]


_WRITE: Final[Mapping[str, Callable[[Any], list[Any]]]] = {
    "counter": _number,
    "gauge": _number,
    "up_down": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}


def decode(body: bytes) -> Snapshot:
    """Return the snapshot that the bytes are; a series that cannot be is left out, counted.

    Raises:
        Exception: They are none, in whichever way.
    """
    form, life, run, about, taken, families = json.loads(body)
    if form != _FORMAT:
        message = f"a snapshot of the form {form!r}"
        raise ValueError(message)
    _check_texts((life, run, *about, *about.values(), *taken))
    groups, names = Groups(), _Names()
    names.check(about)
    for name, kind, unit, description, series in families:
        names.check((name,))
        _check_texts((unit, description))
        group = groups.group(name, kind, unit, description)
        if group is not None:
            _fill(group, series, names)
    return Snapshot(life, run, about, groups, taken)


def _fill(group: Group, series: Iterable[Any], names: _Names) -> None:
    for each in series:
        try:
            texts, form, *values = each
            _check_texts(texts)
            names.check(texts[::2])
            point = _READ[group.kind, form](*values)
            labels = tuple(zip(texts[::2], texts[1::2], strict=True))
        except Exception as error:  # noqa: BLE001 - see this module's first words
            _trouble.report("prometheus.no_point", "a point of %s is lost", group.name, error=error)
        else:
            group.points[labels] = form, point


class _Names:
    """Names of one snapshot, each looked at once."""

    def __init__(self) -> None:
        self._sound: set[str] = set()

    def check(self, names: Iterable[str]) -> None:
        """Raise ValueError if one of them is none that Prometheus takes."""
        if not self._sound.issuperset(names):
            if not all(_NAME.fullmatch(name) for name in names):
                raise ValueError("a name that Prometheus does not take")
            self._sound.update(names)


def _check_texts(texts: Iterable[object]) -> None:
    if not _TEXT.issuperset(map(type, texts)):
        raise TypeError("what should be a text is none")


def _checked(*numbers: Any) -> None:  # noqa: ANN401 - what should be numbers
    if not _NUMBERS.issuperset(map(type, numbers)):
        raise TypeError("what should be a number is none")
    float(sum(numbers))  # An integer that no double holds raises here.


def _read_number(start_ns: int, time_ns: int, value: float, exemplars: Iterable[Any]) -> NumberPoint:
    _checked(start_ns, time_ns, value)
    return NumberPoint({}, start_ns, time_ns, value, _exemplars(exemplars))


def _read_histogram(*values: Any) -> HistogramPoint:  # noqa: ANN401 - as they were written
    start_ns, time_ns, count, total, counts, bounds, exemplars = values
    _checked(start_ns, time_ns, count, *counts, *bounds, *_optional(total))
    frame = start_ns, time_ns, count, total, counts, bounds
    return HistogramPoint({}, *frame, None, None, _exemplars(exemplars))


def _read_exponential(*values: Any) -> ExponentialHistogramPoint:  # noqa: ANN401 - as above
    start_ns, time_ns, count, total, scale, zero_count, above, below, threshold, exemplars = values
    positive, negative = Buckets(*above), Buckets(*below)
    _checked(start_ns, time_ns, count, scale, zero_count, threshold, *_optional(total))
    for side in (positive, negative):
        _checked(side.offset, *side.counts)
        # No double lies beyond, and buckets between here and there would fill the memory.
        if scale > _MAX_SCALE or abs(side.offset) >> max(scale, 0) > _MAX_EXPONENT:
            raise ValueError("a bucket that holds no number")
    frame = start_ns, time_ns, count, total, scale, zero_count, positive, negative, None, None, threshold
    return ExponentialHistogramPoint({}, *frame, _exemplars(exemplars))


def _read_summary(start_ns: int, time_ns: int, count: int, total: float) -> SummaryPoint:
    _checked(start_ns, time_ns, count, total)
    return SummaryPoint({}, start_ns, time_ns, count, total)


def _optional(total: float | None) -> Sequence[float]:
    return () if total is None else (total,)


def _exemplars(written: Iterable[Any]) -> Sequence[Exemplar]:
    return tuple(_exemplar(*each) for each in written) if written else ()


def _exemplar(value: float, time_ns: int, trace_id: int, span_id: int, labels: dict[str, str]) -> Exemplar:
    _checked(value, time_ns, trace_id, span_id)
    _check_texts((*labels, *labels.values()))
    return Exemplar(value, time_ns, trace_id, span_id, labels)


# By what the family is and what the point is.
_READ: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    ("counter", "counter"): _read_number,
    ("gauge", "gauge"): _read_number,
    ("gauge", "up_down"): _read_number,
    ("histogram", "histogram"): _read_histogram,
    ("histogram", "exponential_histogram"): _read_exponential,
    ("summary", "summary"): _read_summary,
}
