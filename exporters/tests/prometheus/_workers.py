"""Processes of one application, each of which does what a test tells it to."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from midspan import _trouble, metrics, sdk, trace
from midspan.exporters.prometheus import PrometheusExporter

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Shop", "Worker", "folder_of", "samples"]


def samples(text: str) -> dict[str, float]:
    """Return what a scrape tells but of the target, by name and labels, as OpenMetrics is parsed."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        if family.name != "target"
        for sample in family.samples
    }


class Shop:
    """What a worker can do."""

    def __init__(self) -> None:
        self.exporter: PrometheusExporter | None = None

    def begin(self, directory: str, service: str = "shop", **options: Any) -> int | None:
        """Configure a pipeline; return the port if one is listened at."""
        given = {"multiprocess": directory, "serve": False, "scope_labels": False, "snapshot_interval_s": 60}
        self.exporter = PrometheusExporter(**{**given, **options}, environment={})
        sdk.configure(service_name=service, exporters=[self.exporter], self_metrics=False, environment={})
        return self.exporter.port

    def new_run(self) -> None:
        """Be what another start of the application would be: in a group of processes of its own."""
        os.setpgrp()

    def add(self, number: int, **attributes: Any) -> None:
        """Count orders."""
        metrics.get_meter("shop").create_counter("orders").add(number, attributes)

    def order(self) -> str:
        """Count one order in a span; return the id of its trace."""
        with trace.get_tracer("shop").start_as_current_span("order") as span:
            self.add(1)
        return f"{span.context.trace_id:032x}"

    def set(self, level: float, name: str = "load") -> None:
        """Set a gauge."""
        metrics.get_meter("shop").create_gauge(name).set(level)

    def move(self, number: int) -> None:
        """Add to what goes up and down."""
        metrics.get_meter("shop").create_up_down_counter("carts").add(number)

    def record(self, value: float) -> None:
        """Measure."""
        metrics.get_meter("shop").create_histogram("latency").record(value)

    def scrape(self) -> str:
        """Return the text of a scrape that this worker answers."""
        assert self.exporter is not None
        return generate_latest(self.exporter.registry).decode()

    def port(self) -> int | None:
        """Return where this worker listens."""
        return None if self.exporter is None else self.exporter.port

    def troubles(self) -> dict[str, int]:
        """Return what was reported in this worker."""
        return _trouble.counts()


class Worker:
    """A forked process. What is called on it is done there (see `Shop`), and what is returned comes back."""

    def __init__(self, exporter: PrometheusExporter | None = None) -> None:
        """Fork; the child begins with the pipeline of its parent if that has one, with this exporter."""
        theirs, self._to = os.pipe()
        self._from, ours = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._to)
            os.close(self._from)
            _serve(theirs, ours, exporter)
        os.close(theirs)
        os.close(ours)

    def __getattr__(self, verb: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            os.write(self._to, json.dumps([verb, arguments, options]).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = os.read(self._from, 1 << 20)
                assert more, f"the worker did not survive {verb}"
                answer += more
            outcome, value = json.loads(answer)
            assert outcome == "done", value
            return value

        return call

    def samples(self) -> dict[str, float]:
        """Return what a scrape tells that this worker answers."""
        return samples(self.scrape())

    def end(self, how: int = 0) -> None:
        """Let the worker go: by a signal, or as a worker ends whose work is done."""
        if how:
            os.kill(self.pid, how)
        else:
            # That the pipe is closed it would not see: workers that were forked later have it, too.
            os.write(self._to, b"\n")
        os.close(self._to)
        os.close(self._from)
        os.waitpid(self.pid, 0)
        self.pid = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pid:
            self.end(signal.SIGKILL)


def _serve(orders: int, answers: int, exporter: PrometheusExporter | None) -> None:
    shop = Shop()
    shop.exporter = exporter
    try:
        with os.fdopen(orders) as lines:
            while (line := lines.readline()).strip():
                verb, arguments, options = json.loads(line)
                try:
                    answer = ["done", getattr(shop, verb)(*arguments, **options)]
                except Exception as error:
                    answer = ["raised", f"{type(error).__name__}: {error}"]
                os.write(answers, json.dumps(answer).encode() + b"\n")
        sdk.reset()
    finally:
        os._exit(0)


def folder_of(directory: Path) -> Path:
    """Return the one folder of a service in a directory."""
    (folder,) = directory.iterdir()
    return folder
