"""The context in which OpenCensus code has set tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan.bridges.opencensus._entered import Entered
from midspan.context import Context, _slot

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Tagged", "keep"]


class Tagged(Context):
    """A context over another, which it ends with.

    Setting tags must change nothing for tasks and threads that share the context below, nor keep that one
    from being left.
    """

    __slots__ = ("under",)

    under: Context

    def __init__(self, under: Context, baggage: Mapping[str, str]) -> None:
        self.span = under.span
        self.baggage = baggage
        self.values = under.values
        self.under = under.under if type(under) is Tagged else under

    @property
    def _left_for(self) -> Context | None:  # type: ignore[override]  # nobody leaves this but with the one below
        """What is current instead, once the context below was left.

        In OpenCensus tags outlive the span in which they were set; a native block takes its baggage along.
        """
        left_for = self.under._left_for
        if left_for is None or type(self.under) is not Entered:
            return left_for
        return Tagged(left_for, self.baggage)

    def _outlast(self, entered: Context) -> None:
        self.under._outlast(entered)


def keep(baggage: Mapping[str, str]) -> None:
    """Set what was set before, over another context that is current now."""
    _slot.set(Tagged(_slot.get(), baggage))
