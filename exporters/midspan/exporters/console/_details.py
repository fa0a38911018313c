"""Say below a span what else is known: why it failed, what happened during it, what it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan.exporters.console._labels import shown_value
from midspan.exporters.console._style import DIM, ERROR, PLAIN
from midspan.exporters.console._text import duration, escaped
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from midspan.exporters.console._style import Glyphs, Segment

__all__ = ["details_of"]

_EXCEPTION: Final = "exception."


def details_of(span: Any, glyphs: Glyphs, *, attributes: bool) -> Iterator[list[Segment]]:  # noqa: ANN401 - a span
    """Yield lines, without what stands to their left."""
    told = [_event_text(event) for event in span.events]
    description = escaped(span.status.description)
    if span.status.code == StatusCode.ERROR and description and not any(description in text for text in told):
        yield [(f"{glyphs.error} {description}", ERROR)]
    for event, text in zip(span.events, told, strict=True):
        failed = event.name == "exception"
        after = duration(max(event.timestamp_ns - span.start_ns, 0), glyphs.micro)
        mark = (f"{glyphs.error} " if failed else f"{glyphs.event} ", ERROR if failed else DIM)
        yield [mark, (text, ERROR if failed else PLAIN), (f"  +{after}", DIM)]
    for link in span.links:
        if link.context.trace_id != span.context.trace_id:
            yield [(f"{glyphs.link} linked to trace {link.context.trace_id:032x}", DIM)]
    if attributes:
        for key, value in span.attributes.items():
            yield [(f"{escaped(key)} = ", DIM), (shown_value(value), PLAIN)]


def _event_text(event: Any) -> str:  # noqa: ANN401 - an event
    """Return an event in one line; of an exception, type and message: its stack is long."""
    attributes = event.attributes
    if event.name == "exception":
        kind = escaped(attributes.get(f"{_EXCEPTION}type", "exception"))
        message = escaped(attributes.get(f"{_EXCEPTION}message", ""))
        return f"{kind}: {message}" if message else kind
    return "  ".join([escaped(event.name), *_pairs(attributes)])


def _pairs(attributes: Mapping[str, Any]) -> list[str]:
    return [f"{escaped(key)}={shown_value(value)}" for key, value in attributes.items()]
