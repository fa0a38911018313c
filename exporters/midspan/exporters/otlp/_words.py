"""How troubles of a signal are told, and under which causes they are counted, whatever the protocol."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["WORDS", "Words"]


class Words(NamedTuple):
    """What is sent, what may be rejected of it, and how the names of causes begin."""

    what: str
    rejected: str
    causes: str


WORDS: Final = {
    "traces": Words("spans", "spans", "otlp"),
    "metrics": Words("metrics", "data points", "otlp.metrics"),
}
