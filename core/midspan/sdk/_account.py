"""Accounts, of each exporter and signal and of the whole pipeline: nothing is lost in silence."""

from __future__ import annotations

from typing import Final, NamedTuple

from midspan._tally import Tallies, Tally

__all__ = ["BEFORE_EXPORT", "Account", "ExporterStats", "PipelineStats"]

# Why something is dropped that no backend was asked to take; every other reason is the backend's.
BEFORE_EXPORT: Final = frozenset({"queue_full", "outbox_full", "shutdown", "encode_failed", "too_large"})


class ExporterStats(NamedTuple):
    """An account, in spans or points: `accepted == exported + queued + spilled + sum(dropped.values())`.

    `spilled` is what lies on disk now; `retried` counts the attempts that were made again, and `sent_bytes`
    what the backend acknowledged, as it went over the wire.
    """

    accepted: int
    exported: int
    queued: int
    dropped: dict[str, int]
    spilled: int = 0
    retried: int = 0
    sent_bytes: int = 0


class PipelineStats(NamedTuple):
    """The account of a pipeline: spans and metric points by exporter, filtered spans, troubles by cause."""

    exporters: dict[str, ExporterStats]
    filtered: int
    troubles: dict[str, int]
    metrics: dict[str, ExporterStats]


class Account:
    """What became of what was handed over; added to from several threads."""

    __slots__ = (
        "dropped",
        "exported",
        "failures",
        "item_bytes",
        "pending",
        "retried",
        "sent_bytes",
        "spilled",
    )

    def __init__(self) -> None:
        self.exported = Tally()
        self.dropped = Tallies()
        # Encoded and not yet acknowledged.
        self.pending = Tally()
        self.spilled = Tally()
        self.retried = Tally()
        self.sent_bytes = Tally()
        # How often something was not taken: what a flush compares.
        self.failures = 0
        # What one took in the last body, before it was packed.
        self.item_bytes = 0

    def export(self, count: int) -> None:
        """Count what was taken."""
        self.exported.add(count)

    def drop(self, reason: str, count: int) -> None:
        """Count what is lost."""
        self.failures += 1
        self.dropped.add(reason, count)

    def conclude(self, accepted: int, count: int) -> None:
        """Count what an exporter that was called made of so many."""
        if accepted:
            self.export(accepted)
        if accepted < count:
            self.drop("rejected" if accepted else "export_failed", count - accepted)

    def stats(self, queued: int) -> ExporterStats:
        """Return the account so far, with what is queued before it is encoded."""
        dropped, exported, spilled = self.dropped.values(), self.exported.value, self.spilled.value
        queued += self.pending.value
        accepted = exported + queued + spilled + sum(dropped.values())
        return ExporterStats(
            accepted, exported, queued, dropped, spilled, self.retried.value, self.sent_bytes.value
        )
