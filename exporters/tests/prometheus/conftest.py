"""Metrics as Prometheus is shown them, read again by the parser of its own Python library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest as classic_text
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from midspan import sdk
from midspan.exporters.prometheus import PrometheusExporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from midspan.metrics import Metric


class Given:
    """A source of metrics that are what a test says."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        """Return them."""
        return self._metrics


class Shown(dict[str, Any]):
    """Families by name, as they are read out of the text; and the samples of all of them."""

    def __init__(self, text: str) -> None:
        super().__init__((family.name, family) for family in text_string_to_metric_families(text))

    def samples(self, name: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Return the values of a sample by its labels."""
        return {
            tuple(sorted(sample.labels.items())): sample.value
            for family in self.values()
            for sample in family.samples
            if sample.name == name
        }


@pytest.fixture
def show() -> Callable[..., Shown]:
    """Return a function from metrics to what the oracle reads."""

    def shown(*metrics: Metric, **options: Any) -> Shown:
        registry = CollectorRegistry()
        exporter = PrometheusExporter(registry=registry, serve=False, environment={}, **options)
        exporter.follow_metrics(Given(metrics))
        classic_text(registry)
        return Shown(generate_latest(registry).decode())

    return shown


@pytest.fixture
def exporter() -> Iterator[PrometheusExporter]:
    """Return the exporter of a pipeline in force, which serves a registry of its own."""
    exporter = PrometheusExporter(host="127.0.0.1", port=0, registry=CollectorRegistry(), environment={})
    sdk.configure(service_name="shop", exporters=[exporter], environment={})
    yield exporter
    sdk.reset()
