"""What Prometheus and VictoriaMetrics have after metrics were written to them."""

from __future__ import annotations

import json
import shutil
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.exporters._metric_batches import metrics_of_every_kind, mixed_metrics
from compat_tests.exporters.conftest import free_port, running
from midspan import metrics, sdk, trace
from midspan.exporters.prometheus import RemoteWriteExporter
from midspan.metrics import HistogramPoint, Temporality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.server, pytest.mark.slow]

SEEN_WITHIN_S = 30.0


def program(name: str) -> str:
    """Return where a program of Debian's is."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: {name})")
    return found


def ask(url: str, **parameters: Any) -> bytes:
    """Return the body of an answer."""
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
        body: bytes = answer.read()
    return body


def eventually(look: Callable[[], Any], expected: Any) -> None:
    """Wait until something is as expected; show how it is if it does not become so."""
    deadline = time.monotonic() + SEEN_WITHIN_S
    while look() != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    assert expected == look()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus that scrapes nobody, but lets itself be written to."""
    (tmp_path / "config.yml").write_text("{}")
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={tmp_path / 'config.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage",
    ]
    with running(command, port, tmp_path / "log"):
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: is_ready(url), expected=True)
        yield url


def is_ready(url: str) -> bool:
    """Say whether a Prometheus has read what it wrote itself before."""
    try:
        return b"Ready" in ask(f"{url}/-/ready")
    except OSError:
        return False


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[str]:
    """The address of a VictoriaMetrics."""
    port = free_port()
    command = [
        program("victoria-metrics"),
        f"-storageDataPath={tmp_path / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
    ]
    with running(command, port, tmp_path / "log"):
        yield f"http://127.0.0.1:{port}"


def values(url: str, query: str) -> dict[frozenset[tuple[str, str]], float]:
    """Return what a query finds, by labels; both answer in one form."""
    rows = json.loads(ask(f"{url}/api/v1/query", query=query))["data"]["result"]
    return {frozenset(row["metric"].items()): float(row["value"][1]) for row in rows}


def work(url: str) -> trace.Span:
    """Count, measure and be traced in a pipeline that writes to an address; return the span."""
    exporter = RemoteWriteExporter(f"{url}/api/v1/write", scope_labels=False, environment={})
    pipeline = sdk.configure(
        resource={"service.name": "shop", "service.namespace": "eu", "service.instance.id": "i-7"},
        exporters=[exporter],
        self_metrics=False,
        environment={},
    )
    meter = metrics.get_meter("shop.checkout")
    with trace.get_tracer("shop").start_as_current_span("order") as span:
        meter.create_counter("orders", unit="{order}").add(3, {"http.route": "/cart"})
        latency = meter.create_histogram("latency", unit="s")
        for seconds in (0.004, 0.3, 0.3, 20.0):
            latency.record(seconds)
    assert pipeline.force_flush(20) is True
    return span


@pytest.mark.parametrize("receiver", ["prometheus", "victoria"])
def test_what_was_counted_is_there(receiver: str, request: pytest.FixtureRequest) -> None:
    """Counters, cumulative buckets with sum and count, and where all of it comes from."""
    url = request.getfixturevalue(receiver)
    work(url)
    place = {("job", "eu/shop"), ("instance", "i-7")}
    counter = frozenset({("__name__", "orders_total"), ("http_route", "/cart"), *place})
    eventually(lambda: values(url, "orders_total"), {counter: 3.0})
    bounds = {"0.0": 0.0, "5.0": 3.0, "10.0": 3.0, "25.0": 4.0, "+Inf": 4.0}
    found = {dict(labels)["le"]: value for labels, value in values(url, "latency_seconds_bucket").items()}
    assert bounds == {le: found[le] for le in bounds if le in found}
    own = frozenset(place)
    assert {own: 20.604 / 4} == values(url, "latency_seconds_sum / latency_seconds_count")
    assert 1 == len(values(url, 'target_info{job="eu/shop"}'))


def test_exemplars_lead_to_their_trace(prometheus: str) -> None:
    """Prometheus keeps them when it is told to."""
    trace_id = f"{work(prometheus).context.trace_id:032x}"
    now = time.time()

    def traces() -> set[str]:
        asked = {"query": "latency_seconds_bucket", "start": now - 600, "end": now + 60}
        answer = json.loads(ask(f"{prometheus}/api/v1/query_exemplars", **asked))["data"]
        return {exemplar["labels"]["trace_id"] for series in answer for exemplar in series["exemplars"]}

    eventually(traces, {trace_id})


def test_victoria_metrics_has_every_sample(victoria: str) -> None:
    """Of a busy service's 200 metrics, and of one of each kind: as many series as there are samples."""
    every = [metric._replace(temporality=Temporality.CUMULATIVE) for metric in metrics_of_every_kind()]
    batch = mixed_metrics()
    now_ns = time.time_ns()
    recent = [
        metric._replace(points=[point._replace(time_ns=now_ns) for point in metric.points])
        for metric in [*every, *batch]
    ]
    exporter = RemoteWriteExporter(f"{victoria}/api/v1/write", environment={})
    try:
        assert exporter.export_metrics(recent, 20) is True
    finally:
        exporter.shutdown(1)

    def busy() -> int:
        lines = ask(
            f"{victoria}/api/v1/export", **{"match[]": '{__name__=~"[cgh][0-9]+(_.*)?"}'}
        ).splitlines()
        return len(lines)

    expected = sum(
        len(point.bucket_counts) + 2 if isinstance(point, HistogramPoint) else 1
        for metric in batch
        for point in metric.points
    )
    eventually(busy, expected)
