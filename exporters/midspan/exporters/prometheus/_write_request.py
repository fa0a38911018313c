"""Encode metrics as a `WriteRequest` of Prometheus's remote write 1.0.

Field numbers are those of prometheus/prompb (remote.proto and types.proto), cited where they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.exporters._wire import delimited, int64, pack_double
from midspan.exporters.prometheus._families import families_of, resource_labels
from midspan.exporters.prometheus._labels import labels_of
from midspan.exporters.prometheus._points import exemplar_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from midspan.exporters.prometheus._families import Family, Series
    from midspan.exporters.prometheus._points import Line
    from midspan.metrics import Exemplar, Metric

__all__ = ["encode_write_request"]

_NS_PER_MS: Final = 1_000_000
# MetricMetadata.MetricType.
_TYPES: Final = {"counter": 1, "gauge": 2, "histogram": 3, "summary": 5}
# These say where a series comes from (specification, "Resource Attributes"); `target_info` has the rest.
_PLACE: Final = frozenset({"service.name", "service.namespace", "service.instance.id"})


def encode_write_request(
    metrics: Iterable[Metric], *, scope_labels: bool = True, target_info: bool = True
) -> bytes:
    """Return the bytes of a request with a time series for each sample of each metric."""
    of_resources: dict[int, tuple[Any, list[Metric]]] = {}
    for metric in metrics:
        resource = getattr(metric, "resource", None)
        of_resources.setdefault(id(resource), (resource, []))[1].append(metric)
    out: list[bytes] = []
    for resource, theirs in of_resources.values():
        place = _place(resource)
        families = families_of(theirs, with_scope=scope_labels)
        out += (each for family in families for each in _family(family, place))
        time_ns = max((series.time_ns for family in families for series in family.series), default=None)
        if target_info and time_ns is not None:
            out.append(_time_series("target_info", _about(resource) | place, 1, time_ns))
    return b"".join(out)


def _family(family: Family, place: Mapping[str, str]) -> Iterator[bytes]:
    """Yield fields of a WriteRequest: timeseries = 1 for each sample, metadata = 3."""
    for series in family.series:
        # As when Prometheus scrapes: where a series is from wins over what its attributes say.
        theirs = {f"exported_{name}" if name in place else name: text for name, text in series.labels.items()}
        labels = {**theirs, **place}
        for line in series.lines:
            yield _line(family.name, line, labels, series)
    metadata = (
        b"\x08" + int64(_TYPES[family.kind]),
        # metric_family_name = 2, help = 4, unit = 5; a counter's family is called as its samples are.
        delimited(b"\x12", (family.name + ("_total" if family.kind == "counter" else "")).encode()),
        delimited(b"\x22", _utf8(family.description)),
        delimited(b"\x2a", _utf8(family.unit)),
    )
    yield delimited(b"\x1a", b"".join(metadata))


def _line(name: str, line: Line, labels: Mapping[str, str], series: Series) -> bytes:
    own = labels if line.extra is None else {**labels, line.extra[0]: line.extra[1]}
    exemplars = () if line.exemplar is None else (line.exemplar,)
    return _time_series(name + line.suffix, own, line.value, series.time_ns, exemplars)


def _time_series(
    name: str, labels: Mapping[str, str], value: float, time_ns: int, exemplars: Sequence[Exemplar] = ()
) -> bytes:
    """Return a TimeSeries: labels = 1, sorted by name; samples = 2; exemplars = 3."""
    sample = _value_at(value, time_ns, b"\x09", b"\x10")
    fields = [_labels({**labels, "__name__": name}), delimited(b"\x12", sample)]
    for exemplar in exemplars:
        at = _value_at(exemplar.value, exemplar.timestamp_ns, b"\x11", b"\x18")
        fields.append(delimited(b"\x1a", _labels(exemplar_labels(exemplar)) + at))
    return delimited(b"\x0a", b"".join(fields))


def _labels(labels: Mapping[str, str]) -> bytes:
    """Return fields with a Label each: name = 1, value = 2."""
    return b"".join(
        delimited(b"\x0a", delimited(b"\x0a", name.encode()) + delimited(b"\x12", labels[name].encode()))
        for name in sorted(labels)
    )


def _value_at(value: float, time_ns: int, value_tag: bytes, time_tag: bytes) -> bytes:
    """Return a double and a time in milliseconds, as Sample (1, 2) and Exemplar (2, 3) have them."""
    return value_tag + pack_double(value) + time_tag + int64(time_ns // _NS_PER_MS)


def _place(resource: Any) -> dict[str, str]:  # noqa: ANN401 - a Resource, or None
    """Return `job` and `instance`: the service's name within its namespace, and its instance."""
    said = resource_labels(resource)
    job = "/".join(said[key] for key in ("service_namespace", "service_name") if key in said)
    place = {"job": job, "instance": said.get("service_instance_id", "")}
    return {name: text for name, text in place.items() if text}


def _about(resource: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    attributes = getattr(resource, "attributes", None) or {}
    return labels_of({key: value for key, value in attributes.items() if key not in _PLACE})


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
