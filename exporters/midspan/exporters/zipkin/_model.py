"""Say a finished span in Zipkin's terms.

The rules are those of the OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation". What is said
is of exactly the types that Zipkin has; how it is written is another matter.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from midspan.exporters._plain import mended_attributes, mended_text
from midspan.exporters._texts import checked_text, json_object, json_text, tag_text
from midspan.exporters.zipkin._remote import Endpoint, remote_endpoint
from midspan.trace import SpanKind, StatusCode

__all__ = ["Origins", "ZipkinSpan", "zipkin_span"]

# An internal span has no kind, nor has one whose kind nobody knows.
_KINDS: Final = {
    0: "",
    SpanKind.INTERNAL: "",
    SpanKind.CLIENT: "CLIENT",
    SpanKind.SERVER: "SERVER",
    SpanKind.PRODUCER: "PRODUCER",
    SpanKind.CONSUMER: "CONSUMER",
}
# Those who call; to Zipkin the others are the ones that are called.
_CALLERS: Final = frozenset({"CLIENT", "PRODUCER"})
_CODES: Final = {StatusCode.UNSET: "", StatusCode.OK: "OK", StatusCode.ERROR: "ERROR"}
_BOOLEANS: Final = frozenset({"true", "false"})
_UNKNOWN_SERVICE: Final = "unknown_service"
_DROPPED_ATTRIBUTES: Final = "otel.dropped_attributes_count"
_DROPPED: Final = (_DROPPED_ATTRIBUTES, "otel.dropped_events_count", "otel.dropped_links_count")
_NONE_DROPPED: Final = (0, 0, 0)
_MAX_NS: Final = 1 << 64


class ZipkinSpan(NamedTuple):
    """A span of Zipkin's; what is 0, empty or None is absent. Times are microseconds."""

    trace_id: int
    span_id: int
    parent_id: int
    kind: str
    name: str
    timestamp_us: int
    duration_us: int
    service_name: str
    remote: Endpoint | None
    # Times and texts.
    annotations: list[tuple[int, str]]
    tags: dict[str, str]
    is_debug: bool


class _Origin(NamedTuple):
    """What all spans of a resource and a scope have in common."""

    service_name: str
    # Tags that a span's attributes may replace, and tags that they may not.
    weak: dict[str, str]
    strong: dict[str, str]
    # Held, so that within a batch an id means one object.
    source: tuple[Any, Any]


class Origins:
    """Remember what the spans of one batch have in common."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], _Origin] = {}

    def of(self, span: Any) -> _Origin:  # noqa: ANN401 - a span, or what looks like one
        """Return what a span shares with others."""
        resource, scope = getattr(span, "resource", None), getattr(span, "scope", None)
        origin = self._known.get((id(resource), id(scope)))
        if origin is None:
            origin = self._known[id(resource), id(scope)] = _origin(resource, scope)
        return origin


def zipkin_span(span: Any, origins: Origins) -> ZipkinSpan:  # noqa: ANN401 - as above
    """Return what Zipkin is told of a span.

    Raises:
        Exception: There is something odd about it.
    """
    context, parent, origin = span.context, span.parent, origins.of(span)
    if not context.is_valid or (parent is not None and not parent.is_valid):
        raise ValueError("ids that Zipkin would refuse, and with them the whole request")
    kind, attributes, start_us = _KINDS[span.kind], span.attributes, _us(span.start_ns)
    took_ns = span.end_ns - span.start_ns
    return ZipkinSpan(
        context.trace_id,
        context.span_id,
        0 if parent is None else parent.span_id,
        kind,
        checked_text(span.name),
        start_us,
        # Zipkin's rule (zipkin.proto): what took less than one is rounded up.
        0 if took_ns < 0 else _us(took_ns) or 1,
        origin.service_name,
        remote_endpoint(attributes) if kind in _CALLERS else None,
        [_annotation(event) for event in span.events],
        _tags(span, origin),
        context.is_debug,
    )


def _us(time_ns: int) -> int:
    """Return whole microseconds (specification, "Unit of Time": 1234 ns are 1 us)."""
    if type(time_ns) is not int or not 0 <= time_ns < _MAX_NS:
        raise ValueError("no time")
    return time_ns // 1000


def _annotation(event: Any) -> tuple[int, str]:  # noqa: ANN401 - an Event, or what looks like one
    """Return time and text: the name alone, or `"name": {attributes}`."""
    attributes, text = dict(event.attributes), checked_text(event.name)
    if event.dropped_attributes:
        attributes[_DROPPED_ATTRIBUTES] = event.dropped_attributes
    if attributes:
        text = f"{json_text(text)}: {json_object(attributes)}"
    # Zipkin takes 0 for "no time", and refuses an annotation without one.
    return _us(event.timestamp_ns) or 1, text


def _tags(span: Any, origin: _Origin) -> dict[str, str]:  # noqa: ANN401 - a span, or what looks like one
    tags = dict(origin.weak)
    for key, value in span.attributes.items():
        tags[checked_text(key)] = value if type(value) is str else tag_text(value)
    code = _CODES[span.status.code]
    error = tags.pop("error", "")
    if code == "ERROR":
        # Zipkin takes any span with this tag for failed, and what it says for the reason.
        own = "" if error in _BOOLEANS else error
        tags["error"] = checked_text(span.status.description) or own
    elif error and error != "false":
        tags["error"] = error
    if code:
        tags["otel.status_code"] = code
    dropped = span.dropped_attributes, span.dropped_events, span.dropped_links
    if dropped != _NONE_DROPPED:
        tags.update(_counts(dropped))
    tags.update(origin.strong)
    return tags


def _counts(dropped: tuple[Any, ...]) -> dict[str, str]:
    if any(type(count) is not int for count in dropped):
        raise TypeError("no count")
    return {key: str(count) for key, count in zip(_DROPPED, dropped, strict=True) if count > 0}


def _origin(resource: Any, scope: Any) -> _Origin:  # noqa: ANN401 - of a span, or of what looks like one
    attributes = mended_attributes(getattr(resource, "attributes", None))
    name = mended_text(getattr(scope, "name", "") or "")
    version = mended_text(getattr(scope, "version", "") or "")
    weak = mended_attributes(dict(getattr(scope, "attributes", ())))
    if "service.namespace" in attributes:
        weak["service.namespace"] = attributes["service.namespace"]
    # The second pair is of the names that these had once; the specification still wants both.
    strong = {
        "otel.scope.name": name,
        "otel.scope.version": version,
        "otel.library.name": name,
        "otel.library.version": version,
    }
    return _Origin(
        tag_text(attributes.get("service.name")) or _UNKNOWN_SERVICE,
        {key: tag_text(value) for key, value in weak.items()},
        {key: text for key, text in strong.items() if text},
        (resource, scope),
    )
