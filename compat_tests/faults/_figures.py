"""What a scenario found: midspan's figure, the peer's beside it, and what must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["QUICK", "Figure", "Figures", "Plan", "quoted", "table"]

_HEAD = ("scenario", "what", "must hold", "midspan", "", "peer", "peer's figure")


class Plan(NamedTuple):
    """How to play a scenario: as long as it should be, or as short as a test may be; the peer too, or not."""

    is_full: bool = False
    # The interpreter of the peer's environment; None leaves the peer out.
    peer: Path | None = None

    def choose(self, full: float, quick: float) -> float:
        """Return the full measure of something, or the quick one."""
        return full if self.is_full else quick


QUICK = Plan()


class Figure(NamedTuple):
    """One line of the report."""

    what: str
    must: str
    ours: str
    # None where the figure is reported and nothing is asserted.
    holds: bool | None = None
    peers: str = ""
    is_quoted: bool = False


Figures: TypeAlias = list[Figure]


def quoted(figure: str) -> dict[str, object]:
    """Give a peer's figure that was measured once and is not measured here."""
    return {"peers": figure, "is_quoted": True}


def table(found: Iterable[tuple[str, Sequence[Figure]]]) -> str:
    """Lay the figures of scenarios (by title) out as a Markdown table that reads well in a terminal too."""
    rows = [_HEAD]
    for title, figures in found:
        for number, figure in enumerate(figures):
            verdict = {True: "yes", False: "NO", None: ""}[figure.holds]
            source = "" if not figure.peers else "quoted" if figure.is_quoted else "measured"
            shown = title if number == 0 else ""
            rows.append((shown, figure.what, figure.must, figure.ours, verdict, figure.peers, source))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
