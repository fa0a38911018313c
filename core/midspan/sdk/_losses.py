"""Say in one line, when a pipeline ends, what it has lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from midspan.sdk._account import ExporterStats

__all__ = ["say_losses"]


def say_losses(spans: Mapping[str, ExporterStats], points: Mapping[str, ExporterStats]) -> None:
    """Log how many spans and points of each exporter were lost, and why; nothing if none were.

    What lies on disk is not lost. What still waits has no time left.
    """
    lost = [*_told(spans, "spans"), *_told(points, "points")]
    if lost:
        _trouble.note("pipeline.lost", "not everything was delivered: %s", "; ".join(lost))


def _told(accounts: Mapping[str, ExporterStats], items: str) -> Iterator[str]:
    for name, account in accounts.items():
        reasons = {**account.dropped, "not settled in time": account.queued}
        count = sum(reasons.values())
        if count:
            why = ", ".join(f"{number} {reason}" for reason, number in reasons.items() if number)
            yield f"{name} lost {count} of {account.accepted} {items} ({why})"
