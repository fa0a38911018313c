"""What a span holds before it ends, as OpenCensus's own types, made cheap: no lock, no text until asked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from opencensus.trace import time_event
from opencensus.trace.span import BoundedDict

from midspan.bridges.opencensus import _convert

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan import trace

__all__ = ["Annotation", "Attributes", "Lazy", "now_ns"]


class Lazy:
    """An attribute that comes into being when it is first touched; assigning to it needs nothing of this."""

    __slots__ = ("_make", "_name")

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return instance.__dict__.setdefault(self._name, self._make(instance))


class Attributes(BoundedDict):  # type: ignore[misc]  # it has no types
    """OpenCensus's bounded dictionary, which drops the oldest; over a plain dictionary it needs no lock."""

    _lock: Final = None

    def __init__(self, maxlen: int) -> None:
        self.maxlen = maxlen
        self.dropped = 0
        self._dict: dict[Any, Any] = {}

    def __setitem__(self, key: Any, value: Any) -> None:
        pairs = self._dict
        if pairs.pop(key, self) is self and len(pairs) >= self.maxlen:
            self._drop_oldest()
        pairs[key] = value

    def _drop_oldest(self) -> None:
        for key in list(self._dict)[:1]:
            self._dict.pop(key, None)
            self.dropped += 1

    @classmethod
    def from_map(cls, maxlen: int, mapping: Any) -> NoReturn:
        """Refuse: OpenCensus makes these from a mapping in `Span.__init__` only."""
        raise NotImplementedError


class Annotation(time_event.Annotation):  # type: ignore[misc]  # it has no types
    """OpenCensus's annotation; its time becomes text when it is asked for."""

    def __init__(self, timestamp_ns: int, description: Any, attributes: Any) -> None:
        self.timestamp_ns = timestamp_ns
        self.description = description
        self.attributes = attributes

    timestamp = Lazy(lambda self: _convert.to_iso(self.timestamp_ns))


def now_ns(native: trace.Span) -> int:
    """Read the clock of a native span, which never runs backwards."""
    if native._limits is None:
        return time.time_ns()
    return native._recorder.monotonic_ns() + native._clock_offset_ns
