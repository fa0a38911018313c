"""What every exporter of metrics keeps: a suite that the author of one subclasses."""

# ruff: noqa: S101 - a contract asserts

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from midspan import metrics, sdk
from midspan.testing._metrics import finished_metrics, odd_metrics
from midspan.testing._pipeline import pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MetricExporterContract"]

_TIMEOUT_S: Final = 1.0
_THREADS: Final = 4


class MetricExporterContract:
    """Hold an exporter of metrics to what the pipeline and its users rely on.

    Subclass it under a name that pytest collects, and say how to make an exporter and how to see what
    arrived; override what your exporter promises otherwise, and say why.

        class TestMyExporter(MetricExporterContract):
            def make_exporter(self):
                return MyExporter(self.server.url)

            def received_metrics(self, exporter):
                return [metric["name"] for metric in self.server.metrics]
    """

    def make_exporter(self) -> Any:  # noqa: ANN401 - anything with `export_metrics`
        """Return a new exporter."""
        raise NotImplementedError

    def received_metrics(self, exporter: Any) -> Sequence[str]:  # noqa: ANN401 - as made above
        """Return the names of all metrics that have arrived from `exporter` so far, in order."""
        raise NotImplementedError

    def test_metrics_of_every_kind_arrive(self) -> None:
        """Sums, gauges, histograms of both kinds and summaries, in one collection or in several."""
        exporter, given = self.make_exporter(), finished_metrics("a", "b", "c", "d", "e")
        answers = [exporter.export_metrics(given[:3]), exporter.export_metrics(given[3:])]
        exporter.shutdown(_TIMEOUT_S)
        assert False not in answers, "export_metrics returned False, which says that it failed"
        self._assert_received(exporter, "a", "b", "c", "d", "e")

    def test_metrics_arrive_through_a_pipeline(self) -> None:
        """`configure(exporters=[it])` takes it; what was measured has arrived after the shutdown."""
        exporter = self.make_exporter()
        with pipeline(exporters=[exporter]):
            meter = metrics.get_meter("midspan.testing")
            counter = meter.create_counter("contract.visits", unit="1")
            counter.add(1, {"route": "/"})
            meter.create_histogram("contract.latency", unit="ms").record(5)
            running = sdk.get_pipeline()
            assert running is not None
            assert running.shutdown(_TIMEOUT_S), "shutdown() was not done, or not in time"
        received = set(self.received_metrics(exporter))
        assert {"contract.visits", "contract.latency"} <= received, f"only {sorted(received)} arrived"

    def test_an_empty_collection_is_no_failure(self) -> None:
        """There may be nothing to send."""
        exporter = self.make_exporter()
        answer = exporter.export_metrics([])
        exporter.shutdown(_TIMEOUT_S)
        assert answer is not False, "export_metrics([]) returned False, which says that it failed"
        self._assert_received(exporter)

    def test_whatever_a_metric_may_hold_arrives(self) -> None:
        """Extreme numbers, empty names and odd attributes cost no metric, least of all its neighbours."""
        exporter, given = self.make_exporter(), odd_metrics()
        answer = exporter.export_metrics(given)
        exporter.shutdown(_TIMEOUT_S)
        assert answer is not False, "export_metrics returned False, which says that it failed"
        received = sorted(set(self.received_metrics(exporter)))
        # Of a metric without points there may be nothing to say.
        wanted = sorted(metric.name for metric in given if metric.points)
        assert [name for name in received if name != "unsent"] == wanted, f"of {wanted}, {received} arrived"

    def test_metrics_are_left_as_they_are(self) -> None:
        """Other exporters may be handed the same objects: a finished metric is read-only."""
        exporter, given = self.make_exporter(), [*finished_metrics("a", "b", "c", "d", "e"), *odd_metrics()]
        before = [repr(metric) for metric in given]
        exporter.export_metrics(given)
        exporter.shutdown(_TIMEOUT_S)
        assert [repr(metric) for metric in given] == before, "exporting changed a metric"

    def test_threads_may_export_together(self) -> None:
        """Nothing of one collection is lost to another: a flush may meet the interval."""
        exporter, names = self.make_exporter(), [f"metric-{number}" for number in range(_THREADS)]
        threads = [
            threading.Thread(target=exporter.export_metrics, args=(finished_metrics(name),)) for name in names
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        exporter.shutdown(_TIMEOUT_S)
        received = sorted(self.received_metrics(exporter))
        assert received == names, f"of {names} in as many threads, {received} arrived"

    def test_a_shutdown_keeps_its_deadline(self) -> None:
        """`shutdown(timeout_s)` is back in time; calling it again does no harm."""
        exporter = self.make_exporter()
        exporter.export_metrics(finished_metrics("a"))
        before = time.monotonic()
        exporter.shutdown(_TIMEOUT_S)
        exporter.shutdown(_TIMEOUT_S)
        took_s = time.monotonic() - before
        assert took_s < 2 * _TIMEOUT_S + 0.5, f"two times shutdown({_TIMEOUT_S}) took {took_s:.1f} s"

    def test_after_a_shutdown_nothing_is_raised(self) -> None:
        """A collection that comes late may be refused, and that is all."""
        exporter = self.make_exporter()
        exporter.shutdown(_TIMEOUT_S)
        exporter.export_metrics(finished_metrics("late"))

    def _assert_received(self, exporter: Any, *names: str) -> None:  # noqa: ANN401 - as above
        received = list(self.received_metrics(exporter))
        assert received == list(names), f"of {list(names)}, {received} arrived"
