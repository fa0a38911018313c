"""What a real Prometheus makes of the metrics that it scrapes."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from compat_tests.exporters._metric_batches import metrics_of_every_kind, mixed_metrics
from compat_tests.exporters.conftest import free_port, running
from midspan import metrics, sdk, trace
from midspan.exporters.prometheus import PrometheusExporter
from midspan.metrics import MetricKind, Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.server, pytest.mark.slow]

SCRAPED_WITHIN_S = 30.0


class Prometheus:
    """A Prometheus that is asked over its API."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path: str, **parameters: Any) -> Any:
        """Return the data of an answer."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        deadline_s = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return json.load(answer)["data"]
            except urllib.error.HTTPError as error:
                # It listens before it has read what lies on its disk, and says so.
                if error.code != 503 or time.monotonic() > deadline_s:
                    raise
            time.sleep(0.1)

    def values(self, query: str) -> dict[frozenset[tuple[str, str]], float]:
        """Return what a query finds, by the labels that are the application's."""
        found = {}
        for row in self.ask("query", query=query)["result"]:
            labels = {key: text for key, text in row["metric"].items() if key not in {"job", "instance"}}
            found[frozenset(labels.items())] = float(row["value"][1])
        return found


def program(name: str) -> str:
    """Return where a program of Debian's is."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: prometheus)")
    return found


def eventually(look: Callable[[], Any], expected: Any) -> None:
    """Wait until something is as expected; show how it is if it does not become so."""
    deadline = time.monotonic() + SCRAPED_WITHIN_S
    while look() != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    assert expected == look()


@pytest.fixture
def shop() -> PrometheusExporter:
    """A pipeline's exporter, with a counter, a gauge, a histogram and a span around them."""
    exporter = PrometheusExporter(host="127.0.0.1", port=0, registry=CollectorRegistry(), environment={})
    sdk.configure(service_name="shop", exporters=[exporter], environment={})
    return exporter


@pytest.fixture
def prometheus(shop: PrometheusExporter, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the shop every second and keeps exemplars."""
    job = {
        "job_name": "shop",
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{shop.port}"]}],
    }
    (tmp_path / "config.yml").write_text(json.dumps({"scrape_configs": [job]}))
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={tmp_path / 'config.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
    ]
    with running(command, port, tmp_path / "log"):
        yield Prometheus(port)


def test_prometheus_scrapes_what_was_counted(shop: PrometheusExporter, prometheus: Prometheus) -> None:
    """Counters, gauges, cumulative buckets, the resource and the scope; exemplars lead to their trace."""
    meter = metrics.get_meter("shop.checkout", "1.2")
    with trace.get_tracer("shop").start_as_current_span("order") as span:
        meter.create_counter("orders", unit="{order}").add(3, {"http.route": "/cart"})
        latency = meter.create_histogram("latency", unit="s")
        for seconds in (0.004, 0.3, 0.3, 20.0):
            latency.record(seconds)
        meter.create_gauge("load", unit="1").set(-0.5)
    scope = {("otel_scope_name", "shop.checkout"), ("otel_scope_version", "1.2")}

    eventually(lambda: prometheus.values("sum(up)"), {frozenset(): 1.0})
    counter = frozenset({("__name__", "orders_total"), ("http_route", "/cart"), *scope})
    eventually(lambda: prometheus.values("orders_total"), {counter: 3.0})
    eventually(
        lambda: prometheus.values("load_ratio"), {frozenset({("__name__", "load_ratio"), *scope}): -0.5}
    )
    bounds = {"0.0": 0.0, "5.0": 3.0, "10.0": 3.0, "25.0": 4.0, "+Inf": 4.0}
    found = {
        dict(labels)["le"]: value
        for labels, value in prometheus.values("latency_seconds_bucket").items()
        if dict(labels)["le"] in bounds
    }
    assert bounds == found
    own = frozenset(scope)
    assert {own: 20.604 / 4} == prometheus.values("latency_seconds_sum / latency_seconds_count")
    assert 1 == len(prometheus.values('target_info{service_name="shop"}'))

    now = time.time()
    asked = {"start": now - 600, "end": now + 60}

    def traces(query: str) -> set[str]:
        answer = prometheus.ask("query_exemplars", query=query, **asked)
        return {exemplar["labels"]["trace_id"] for series in answer for exemplar in series["exemplars"]}

    trace_id = f"{span.context.trace_id:032x}"
    eventually(lambda: traces("orders_total"), {trace_id})
    eventually(lambda: traces("latency_seconds_bucket"), {trace_id})


def test_promtool_finds_no_fault() -> None:
    """Neither with a metric of each kind nor with a busy service's, but for what is a matter of taste."""

    class Given:
        """The benchmark's metrics, and one of each kind that tells of totals."""

        def collect(self) -> list[Any]:
            every = [
                metric._replace(temporality=Temporality.CUMULATIVE)
                for metric in metrics_of_every_kind()
                if metric.kind is not MetricKind.SUM or metric.is_monotonic
            ]
            return [*every, *mixed_metrics()]

    registry = CollectorRegistry()
    exporter = PrometheusExporter(registry=registry, serve=False, environment={})
    exporter.follow_metrics(Given())
    command = [program("promtool"), "check", "metrics"]
    done = subprocess.run(command, input=generate_latest(registry), capture_output=True, check=False)
    said = done.stderr.decode().splitlines()
    # That seconds are the base unit is for whoever names the unit; the benchmark's have no description.
    faults = [line for line in said if "no help text" not in line and "base unit" not in line]
    assert ([], b"") == (faults, done.stdout)
