"""Hold an exporter at arm's length: whatever it does, the pipeline gets an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan import _trouble
from midspan.sdk._holders import Holders
from midspan.sdk._parcels import count_of
from midspan.sdk._waiting import begin
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.metrics import Metric
    from midspan.sdk._waiting import Wait
    from midspan.trace import Span

__all__ = ["ExporterHandle"]


class ExporterHandle:
    """One exporter, asked politely.

    An exporter has `export_spans(spans)`, `export_metrics(metrics)`, or both, and `shutdown(timeout_s)`. It
    may return False, or raise, to say that it failed, or a number: so many of the spans, or points, were
    accepted. One that takes a `timeout_s` in `export_spans` is told how long it has. One that holds back what
    it was handed has `force_flush(timeout_s)`, and may return False there too. `synchronous = True` asks for
    each span at once, in the thread that ended it. `metric_interval_s` is how often it wants metrics, unless
    whoever configures the pipeline says.
    """

    def __init__(self, exporter: Any) -> None:  # noqa: ANN401 - a protocol of optional methods
        """Take an exporter.

        Raises:
            TypeError: It has neither `export_spans` nor `export_metrics`.
        """
        self.exporter = exporter
        self.name = str(getattr(exporter, "name", None) or type(exporter).__name__)
        self.synchronous = bool(getattr(exporter, "synchronous", False))
        export = getattr(exporter, "export_spans", None)
        push = getattr(exporter, "export_metrics", None)
        if not callable(export) and not callable(push):
            message = f"{exporter!r} is no exporter: it has neither export_spans nor export_metrics"
            raise TypeError(message)
        self._export: Callable[..., object] | None = export if callable(export) else None
        self._push: Callable[..., object] | None = push if callable(push) else None
        self._timed = tuple(verb for verb in (self._export, self._push) if verb and _takes(verb, "timeout_s"))
        # Spans and metrics come from two workers; the exporter is shut down when both have ended.
        self.holders = Holders()

    def export_spans(self, spans: Sequence[Span], timeout_s: float) -> int:
        """Hand over a batch; return how many of it were accepted."""
        return self._hand(self._export, spans, len(spans), timeout_s)

    def export_metrics(self, metrics: Sequence[Metric], timeout_s: float) -> int:
        """Hand over what was collected; return how many of its points were accepted."""
        return self._hand(self._push, metrics, count_of("metrics", metrics), timeout_s)

    def _hand(
        self, export: Callable[..., object] | None, items: Sequence[Any], count: int, timeout_s: float
    ) -> int:
        if export is None:
            return count
        try:
            if export in self._timed:
                return _accepted(export(items, timeout_s=timeout_s), count)
            return _accepted(export(items), count)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit and the like must not end the worker
            _trouble.report(f"exporter.{self.name}", "the exporter %s failed", self.name, error=error)
            return 0

    def shutdown(self, timeout_s: float) -> bool:
        """Let the exporter close what it opened, once nobody feeds it any more."""
        if not self.holders.is_last_to_leave():
            return True
        function = getattr(self.exporter, "shutdown", None)
        if not callable(function):
            return True
        try:
            return function(timeout_s) is not False
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - as above
            _trouble.report(f"exporter.{self.name}.shutdown", "shutdown of %s failed", self.name, error=error)
            return False

    def begin(self, verb: str, deadline_s: float) -> Wait:
        """Begin `force_flush` or `shutdown`, where the exporter has it, beside the caller's thread."""
        function = getattr(self.exporter, verb, None)
        if not callable(function) or (verb == "shutdown" and not self.holders.is_last_to_leave()):
            return lambda _: True

        def call(timeout_s: float) -> object:
            # A thread of its own begins with nothing current: what the exporter does is to be no trace.
            with suppressed():
                return function(timeout_s)

        return begin(f"exporter.{self.name}.{verb}", call, deadline_s)


def _accepted(answer: object, count: int) -> int:
    """Return how many of `count` an exporter accepted, by what it answered."""
    if answer is False:
        return 0
    return min(max(answer, 0), count) if type(answer) is int else count


def _takes(function: Callable[..., object], name: str) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
