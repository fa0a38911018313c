"""How much one span may hold."""

from __future__ import annotations

__all__ = ["SpanLimits"]


class SpanLimits:
    """The bounds of a span (OpenTelemetry specification, "Span limits"), counted where they cut.

    The specification leaves the length of a value unlimited; midspan stops at 65,536 characters, so that one
    careless attribute cannot fill a collector. Do not change one that is in use.
    """

    # Not a named tuple: each verb of a span reads several fields, and a slot is read eight times as fast.
    __slots__ = ("attributes", "event_attributes", "events", "link_attributes", "links", "value_length")

    def __init__(  # noqa: PLR0913 - one argument a limit
        self,
        *,
        attributes: int = 128,
        events: int = 128,
        links: int = 128,
        event_attributes: int = 128,
        link_attributes: int = 128,
        value_length: int = 65_536,
    ) -> None:
        """Take the greatest number of each, and of characters in a value.

        Raises:
            ValueError: A limit is negative.
        """
        self.attributes = attributes
        self.events = events
        self.links = links
        self.event_attributes = event_attributes
        self.link_attributes = link_attributes
        self.value_length = value_length
        for name in self.__slots__:
            if getattr(self, name) < 0:
                message = f"a span limit is 0 or more: {name}={getattr(self, name)!r}"
                raise ValueError(message)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpanLimits):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __repr__(self) -> str:
        return f"SpanLimits({', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)})"
