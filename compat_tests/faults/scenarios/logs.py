"""What a library says about its own trouble: a line for each cause, none about its lines, and no deadlock."""

from __future__ import annotations

import logging
import logging.handlers
import os
import queue
import signal
from typing import TYPE_CHECKING, Any

from compat_tests.faults._exporters import Hanging, Raising
from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

_TIMES = 1_000


def _full(side: Any) -> None:
    """Make more spans than the queue holds."""
    hanging = Hanging()
    side.configure(hanging, max_queue_size=10, max_export_batch_size=10)
    for _ in range(_TIMES + 20):
        side.end(side.begin("work"))
    hanging.release.set()


def _failing(side: Any) -> None:
    """Let every batch fail."""
    exporter = Raising(ValueError("no"))
    side.configure(exporter, max_queue_size=10, max_export_batch_size=1)
    for _ in range(100):
        side.end(side.begin("bad"))
        side.flush(5)


def _late(side: Any) -> None:
    """Use a span that has ended."""
    side.configure()
    span = side.begin("work")
    side.end(span)
    for _ in range(_TIMES):
        side.attribute(span, "key", "value")


def _closed(side: Any) -> None:
    """End spans after the shutdown."""
    side.configure(Raising(ValueError("no")))
    side.shutdown(5)
    for _ in range(_TIMES):
        side.end(side.begin("work"))


_CAUSES: dict[str, Callable[[Any], None]] = {
    f"{_TIMES:,} spans over a full queue": _full,
    "100 batches that fail": _failing,
    f"{_TIMES:,} verbs after the end": _late,
    f"{_TIMES:,} spans after the shutdown": _closed,
}


_OF_LATE_VERBS = [cause for cause, brings in _CAUSES.items() if brings is _late]


def program(side: Any, cause: str, makes_spans: bool = False) -> dict[str, Any]:
    """Bring one cause about and count the lines; the handler may make spans, and bring it about again."""
    lines: list[str] = []

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())
            if not makes_spans:
                return
            span = side.begin("from the handler")
            side.end(span)
            side.attribute(span, "key", "value")

    logging.getLogger().addHandler(Counting())
    _CAUSES[cause](side)
    return {"lines": len(lines)}


def program_of_reentrance(side: Any) -> dict[str, Any]:
    """Interrupt a log handler in its own lock by a signal handler whose span is in trouble."""

    class Interrupted(queue.Queue):  # type: ignore[type-arg]
        def _put(self, item: Any) -> None:
            # `put` holds its lock, which is not re-entrant, around this call.
            os.kill(os.getpid(), signal.SIGUSR1)
            super()._put(item)

    def handler(*_: object) -> None:
        for _ in range(20):
            span = side.begin("in the handler")
            side.end(span)
            side.attribute(span, "key", "value")

    side.configure(Hanging(), max_queue_size=10, max_export_batch_size=10)
    signal.signal(signal.SIGUSR1, handler)
    records: Any = Interrupted()
    logging.getLogger().addHandler(logging.handlers.QueueHandler(records))
    logging.getLogger("application").warning("a line of the application's own")
    side.begin("after").end()
    return {"lines": records.qsize()}


def run(plan: Plan = QUICK) -> Figures:
    """Bring about each cause; interrupt a handler."""
    figures = [_figure(plan, cause) for cause in _CAUSES]
    figures += [_figure(plan, cause, makes_spans=True) for cause in _CAUSES]
    ours, theirs = play_both("logs.program_of_reentrance", plan.peer, timeout_s=15)
    return [
        *figures,
        Figure(
            "signal in the lock of a log handler, its span in trouble",
            "no deadlock",
            "deadlock" if ours.hung else "none",
            ours.exit_code == 0,
            "" if theirs is None else "deadlock" if theirs.hung else "none",
        ),
    ]


def _figure(plan: Plan, cause: str, *, makes_spans: bool = False) -> Figure:
    ours, theirs = play_both("logs", plan.peer, cause=cause, makes_spans=makes_spans, timeout_s=20)
    # The handler's own span is used after its end, which is a second cause where that was not the first.
    most = 2 if makes_spans and cause not in _OF_LATE_VERBS else 1
    return Figure(
        f"log lines of {cause}" + (", handler makes spans" if makes_spans else ""),
        f"{most}",
        _told(ours),
        bool(ours.result) and 1 <= ours.result["lines"] <= most,
        "" if theirs is None else _told(theirs),
    )


def _told(outcome: Outcome) -> str:
    if outcome.result:
        return f"{outcome.result['lines']:,}"
    return "hung" if outcome.hung else f"failed: {outcome.log[-150:].splitlines()[-1]}"
