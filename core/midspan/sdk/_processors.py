"""Processors: what the application wants to see of spans, between their end and their export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan._tally import Tally
from midspan.sdk._waiting import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.sdk._waiting import Wait
    from midspan.trace import Span

__all__ = ["Processors"]


class Processors:
    """All processors of a pipeline, in order."""

    def __init__(self, given: Sequence[Any]) -> None:
        """Take functions of a finished span, and objects with `on_start` or `on_end`.

        Raises:
            TypeError: One of them is none of these.
        """
        self._given = tuple(given)
        self._filters = tuple(f for f in map(_filter_of, given) if f is not None)
        # Whether any wants to see spans that have ended; and what wants to see them when they start.
        self.see_ends = bool(self._filters)
        self.starters = tuple(p.on_start for p in given if callable(getattr(p, "on_start", None)))
        self._filtered = Tally()

    @property
    def filtered(self) -> int:
        """How many spans were filtered out."""
        return self._filtered.value

    def pass_on(self, span: Span) -> bool:
        """Show a span to the processors, then seal it; False if one of them filtered it out."""
        passed = True
        for process in self._filters:
            try:
                if process(span) is False:
                    passed = False
                    self._filtered.add()
                    break
            except Exception as error:  # noqa: BLE001 - a processor may be the application's own
                _trouble.report("processor.raised", "a processor raised; the span goes on", error=error)
        span._limits = None
        return passed

    def begin(self, verb: str, deadline_s: float) -> list[Wait]:
        """Begin `force_flush` or `shutdown` of those that have it."""
        told = [getattr(processor, verb, None) for processor in self._given]
        return [begin(f"processor.{verb}", function, deadline_s) for function in told if callable(function)]

    def begin_anew(self) -> None:
        """Forget the account: this is another process now."""
        self._filtered = Tally()


def _filter_of(processor: Any) -> Callable[[Span], object] | None:  # noqa: ANN401 - one of two shapes
    """Return what to call with a finished span: the processor itself, or its `on_end`."""
    on_end = getattr(processor, "on_end", None)
    if callable(on_end):
        return on_end  # type: ignore[no-any-return]
    if callable(processor):
        return processor  # type: ignore[no-any-return]
    if callable(getattr(processor, "on_start", None)):
        return None
    message = f"{processor!r} is no processor: it is neither callable nor has on_start or on_end"
    raise TypeError(message)
