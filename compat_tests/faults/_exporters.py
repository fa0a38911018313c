"""Exporters that do what exporters should not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Counting:
    """Count what arrives, in batches and from the worker, as an exporter to a backend would."""

    name = "counting"

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.closed = False

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Keep them."""
        self.spans.extend(spans)

    def shutdown(self, timeout_s: float) -> None:
        """Remember that it was called."""
        self.closed = True


class Hanging(Counting):
    """Do not come back before `release` is set, whatever it is asked."""

    name = "hanging"

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.release = threading.Event()

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Hang, then keep them."""
        self.reached.set()
        self.release.wait()
        super().export_spans(spans)

    def shutdown(self, timeout_s: float) -> None:
        """Hang, then remember."""
        self.release.wait()
        super().shutdown(timeout_s)


class Slow(Counting):
    """Take `seconds` for each batch."""

    name = "slow"

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Sleep, then keep them."""
        time.sleep(self.seconds)
        super().export_spans(spans)


class Raising(Counting):
    """Raise for each batch in which a span is named `bad`; keep the others."""

    name = "raising"

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error
        self.raised = 0

    def export_spans(self, spans: Sequence[Any]) -> None:
        """Raise or keep."""
        if any(span.name == "bad" for span in spans):
            self.raised += 1
            raise self.error
        super().export_spans(spans)
