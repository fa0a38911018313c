"""Go on where configure() refuses variables: without them, so that the rest is seen, too."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Final

from midspan import sdk
from midspan.cli.doctor._report import WRONG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.cli.doctor._report import Report

__all__ = ["RefusedError", "note_refusal", "refused_until", "without"]

_NAME: Final = re.compile(r"\b(?:OTEL|MIDSPAN|JAEGER)_[A-Z0-9_]+")
# Without these another exporter would be tried than the one that was meant.
_KEPT: Final = frozenset({"OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"})
_TAKEN: Final = "cannot be listened at"


class RefusedError(Exception):
    """configure() has raised, or an exporter while it was made: the error is the answer."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def refused_until(report: Report, attempt: Callable[[], object]) -> tuple[frozenset[str], bool]:
    """Attempt, and again without each variable that is refused; say which those are, and whether it went."""
    refused: frozenset[str] = frozenset()
    while True:
        try:
            with without(refused):
                attempt()
            return refused, True
        except RefusedError as refusal:
            note_refusal(report, refusal)
            named = _named_by(refusal.error)
            if named <= refused:
                return refused, False
            refused |= named


def note_refusal(report: Report, refusal: RefusedError) -> None:
    """Note what configure() has raised, whole."""
    error = refusal.error
    kind = "" if isinstance(error, sdk.ConfigurationError) else f"{type(error).__name__}: "
    text = f"configure() refuses this: {kind}{error}"
    remedy = ""
    if _TAKEN in text:
        remedy = "if the application runs here, it has the port itself: stop it, or ask it for /metrics"
    report.trouble(text, remedy, WRONG)


def _named_by(error: Exception) -> frozenset[str]:
    """Return the variables that are set, and that an error of ours names as what is wrong."""
    if not isinstance(error, sdk.ConfigurationError) or _TAKEN in str(error):
        return frozenset()
    return frozenset(name for name in _NAME.findall(str(error)) if os.environ.get(name)) - _KEPT


@contextlib.contextmanager
def without(names: frozenset[str]) -> Iterator[None]:
    """Take variables away for this block: exporters look for them in the process's own."""
    taken = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(taken)
