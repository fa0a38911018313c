"""What Prometheus and VictoriaMetrics have after metrics were written to them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import urllib.error
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
        # Queries see what has just been written, not only what is half a minute old.
        "-search.latencyOffset=0s",
    ]
    with running(command, port, tmp_path / "log"):
        yield f"http://127.0.0.1:{port}"


def show_at_once(url: str) -> None:
    """Have VictoriaMetrics show what has just been written; Prometheus, which does, does not know how."""
    with contextlib.suppress(urllib.error.HTTPError):
        ask(f"{url}/internal/force_flush")


def values(url: str, query: str) -> dict[frozenset[tuple[str, str]], float]:
    """Return what a query finds, by labels; both answer in one form."""
    show_at_once(url)
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


# A gateway that takes no large bodies, as many stand before a receiver.
GATEWAY = """
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 16k;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {url}; }} }}
}}
"""


@contextlib.contextmanager
def gateway(url: str, folder: Path) -> Iterator[str]:
    """Start nginx before a receiver; yield its address."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(GATEWAY.format(user=user, folder=folder, port=port, url=url))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with running(command, port, folder / "nginx.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("receiver", ["prometheus", "victoria"])
def test_what_is_too_large_for_a_gateway_arrives_in_parts(
    receiver: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every series, once, and the account is right, though the gateway has refused some requests."""
    url = request.getfixturevalue(receiver)
    with gateway(url, tmp_path) as narrow:
        exporter = RemoteWriteExporter(f"{narrow}/api/v1/write", environment={})
        pipeline = sdk.configure(
            service_name="shop", exporters=[exporter], self_metrics=False, environment={}
        )
        meter = metrics.get_meter("shop")
        for number in range(1_000):
            meter.create_counter("orders").add(number, {"cart": os.urandom(32).hex()})
            meter.create_histogram("latency").record(number, {"cart": str(number % 50)})
        assert pipeline.force_flush(30) is True
        stats = pipeline.stats().metrics[exporter.name]
    assert (1_050, {}) == (stats.exported, stats.dropped)
    eventually(lambda: list(values(url, "count(orders_total)").values()), [1_000.0])
    eventually(lambda: list(values(url, "sum(orders_total)").values()), [499_500.0])
    eventually(lambda: list(values(url, "sum(latency_count)").values()), [1_000.0])
    assert " 413 " in (tmp_path / "access.log").read_text()


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
        show_at_once(victoria)
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
