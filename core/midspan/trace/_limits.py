"""How much one span may hold."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SpanLimits"]


class SpanLimits(NamedTuple):
    """The bounds of a span (OpenTelemetry specification, "Span limits"), counted where they cut.

    The specification leaves the length of a value unlimited; midspan stops at 65,536 characters, so that one
    careless attribute cannot fill a collector.
    """

    attributes: int = 128
    events: int = 128
    links: int = 128
    event_attributes: int = 128
    link_attributes: int = 128
    value_length: int = 65_536
