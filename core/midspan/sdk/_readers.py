"""Readers: who collects metrics, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from midspan import _trouble
from midspan.sdk._feeder import Feeder
from midspan.sdk._meters import DEFAULT_WISH
from midspan.sdk._parcels import count_of
from midspan.sdk._streams import ReaderState
from midspan.sdk._temporality import temporality_of
from midspan.sdk._waiting import seconds_left
from midspan.sdk.aggregation import by_name
from midspan.trace import suppressed

if TYPE_CHECKING:
    from midspan.metrics import Metric
    from midspan.sdk._account import ExporterStats
    from midspan.sdk._exporter import ExporterHandle
    from midspan.sdk._meters import Meters
    from midspan.sdk._routes import Route
    from midspan.sdk._temporality import TemporalityChoice
    from midspan.sdk._waiting import Wait
    from midspan.sdk.aggregation import Aggregation


__all__ = ["MetricSettings", "OnFlushReader", "PeriodicReader", "PullReader"]


class MetricSettings(NamedTuple):
    """How often metrics are pushed (OpenTelemetry specification, "Periodic exporting MetricReader")."""

    interval_s: float = 60.0
    timeout_s: float = 30.0


class PullReader:
    """Collect when asked: for a scrape, or a test.

    >>> from midspan import metrics, sdk
    >>> reader = sdk.PullReader()
    >>> pipeline = sdk.configure(exporters=[], metric_readers=[reader])
    >>> metrics.get_meter("shop").create_counter("visits").add(2)
    >>> [metric.points[0].value for metric in reader.collect() if metric.name == "visits"]
    [2]
    """

    name = "pull"
    # Whether the pipeline's own account comes with what there is to tell: not where somebody looks at it.
    takes_account = False

    def __init__(
        self,
        temporality: TemporalityChoice = "cumulative",
        *,
        histogram_aggregation: Aggregation | str | None = None,
    ) -> None:
        """Take a temporality: `"cumulative"`, `"delta"`, `"lowmemory"`, or one by kind of instrument.

        `histogram_aggregation` is what histograms become for this reader where no view says it: an
        aggregation or the name of one, such as `"base2_exponential_bucket_histogram"`.

        Raises:
            ValueError: The temporality, or the name of the aggregation, is not known.
        """
        self._temporality = temporality_of(temporality)
        if isinstance(histogram_aggregation, str):
            by_name(histogram_aggregation)  # Raises here, where it is written.
        self._wish = histogram_aggregation or DEFAULT_WISH
        self._meters: Meters | None = None
        self._state: ReaderState | None = None

    def attach(self, meters: Meters) -> None:
        """Begin to read from a pipeline, and from no other."""
        self.detach()
        self._meters = meters
        self._state = ReaderState(self.name, self._temporality, self._wish, takes_account=self.takes_account)
        meters.add_reader(self._state)

    def detach(self) -> None:
        """Read no more."""
        if self._meters is not None and self._state is not None:
            self._meters.remove_reader(self._state)
        self._meters = self._state = None

    @property
    def resource(self) -> Any:  # noqa: ANN401 - a Resource
        """What runs where this reads; None if the reader is attached to no pipeline."""
        return None if self._meters is None else self._meters.resource

    def collect(self) -> list[Metric]:
        """Return all metrics as they are now; none if the reader is attached to no pipeline."""
        if self._meters is None or self._state is None:
            return []
        return self._meters.collect(self._state)

    def restart(self) -> None:
        """Have all instruments of the pipeline begin at nothing, for every reader: for tests."""
        if self._meters is not None:
            self._meters.restart()

    def begin_flush(self, deadline_s: float) -> Wait:  # noqa: ARG002 - nothing waits
        """Have nothing to do."""
        return _is_done

    def begin_shutdown(self, deadline_s: float) -> Wait:  # noqa: ARG002 - as above
        """Have nothing to do: what was counted can still be read, or the reader already reads another."""
        return _is_done

    def instruments_came(self) -> None:
        """Need not know that there is something to collect."""

    def after_fork(self) -> None:
        """Need no new beginning: the pipeline's counts begin anew by themselves."""


def _is_done(deadline_s: float) -> bool:  # noqa: ARG001 - the shape of a wait
    return True


def _wishes_of(exporter: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever sends metrics
    """Return what an exporter wants its metrics to be, where it says so."""
    return {
        "temporality": getattr(exporter, "temporality", "cumulative"),
        "histogram_aggregation": getattr(exporter, "histogram_aggregation", None),
    }


class OnFlushReader(PullReader):
    """Collect into a synchronous exporter whenever the pipeline is flushed, and once more at its end.

    An exporter that has `follow_metrics` collects by itself; it is handed metrics at the end only.
    """

    def __init__(self, exporter: ExporterHandle) -> None:
        super().__init__(**_wishes_of(exporter.exporter))
        self._exporter = exporter
        self._follow = getattr(exporter.exporter, "follow_metrics", None)
        self._unfollow = getattr(exporter.exporter, "unfollow_metrics", None)
        self.name = exporter.name

    def attach(self, meters: Meters) -> None:
        """Begin to read from a pipeline."""
        super().attach(meters)
        if self._follow is not None:
            self._follow(self)

    def detach(self) -> None:
        """Read no more."""
        super().detach()
        if self._unfollow is not None:
            self._unfollow(self)

    def begin_flush(self, deadline_s: float) -> Wait:
        """Collect and export, at once."""
        return _is_done if self._follow is not None else self._push(deadline_s)

    def _push(self, deadline_s: float) -> Wait:
        metrics = self.collect()
        with suppressed():
            accepted = self._exporter.export_metrics(metrics, seconds_left(deadline_s)) if metrics else 0
        return lambda _: accepted == count_of("metrics", metrics)

    def begin_shutdown(self, deadline_s: float) -> Wait:
        """Collect a last time."""
        wait = self._push(deadline_s)
        self.detach()
        closing = self._exporter.begin("shutdown", deadline_s)
        return lambda until_s: all([wait(until_s), closing(until_s)])


class PeriodicReader(Feeder):
    """Collect at an interval, and push to an exporter, from a worker of its own."""

    def __init__(
        self,
        route: Route,
        settings: MetricSettings,
        exporter: Any,  # noqa: ANN401 - asked for wishes
        *,
        takes_account: bool = True,
    ) -> None:
        self._settings = settings
        self._pull = PullReader(**_wishes_of(exporter))
        self._pull.name = route.name
        self._pull.takes_account = takes_account
        self._has_instruments = False
        super().__init__(route, settings.interval_s)
        self.name = route.name

    def attach(self, meters: Meters) -> None:
        """Begin to read from a pipeline."""
        self._pull.attach(meters)

    def instruments_came(self) -> None:
        """Start the worker: there is something to collect."""
        self._has_instruments = True
        if self._worker is None and not self._closed:
            self.start_worker()

    def begin_flush(self, deadline_s: float) -> Wait:
        """Have collected and pushed what there is now."""
        return super().begin_flush(deadline_s) if self._has_instruments else _is_done

    def after_fork(self) -> None:
        """Begin anew: the worker did not come along."""
        super().after_fork()
        if self._has_instruments:
            self.instruments_came()

    def waiting(self) -> int:
        """Return nothing: what was not pushed now is told the next time."""
        return 0

    def drain(self, *, everything: bool, deadline_s: float | None = None) -> None:
        """Collect and push once, if it is time or somebody waits for it; in the worker only."""
        flushes = []
        while self._flushes:
            flushes.append(self._flushes.popleft())
        if everything or flushes:
            self._push(deadline_s)
        for flush in flushes:
            flush.done = True

    def _push(self, deadline_s: float | None) -> None:
        timeout_s = self._settings.timeout_s
        if deadline_s is not None:
            timeout_s = min(timeout_s, seconds_left(deadline_s))
        try:
            metrics = self._pull.collect()
            if metrics:
                self._route.send(metrics, timeout_s)
        except BaseException as error:  # noqa: BLE001 - a KeyboardInterrupt of its own making, or strict mode
            self._route.account.failures += 1
            _trouble.note("worker.raised", "the export worker met an error and goes on", error=error)

    def stats(self) -> ExporterStats:
        """Return the account so far, in points."""
        return self._route.account.stats(0)

    def detach(self) -> None:
        """Read no more."""
        self._pull.detach()

    def collect(self) -> list[Any]:
        """Return all metrics as this reader would push them now."""
        return list(self._pull.collect())
