"""What can be said of several processes, and what is refused; who listens where."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import prometheus_client
import pytest

from exporters.tests.prometheus._workers import Worker, folder_of, samples
from midspan import metrics, sdk
from midspan._environment import ConfigurationError
from midspan.exporters.prometheus import PrometheusExporter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


def scraped(port: int) -> dict[str, float]:
    """Return what is answered to a scrape over HTTP."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"accept": OPENMETRICS})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return samples(answer.read().decode())


def test_the_variable_of_prometheus_client_is_enough(tmp_path):
    """The directory is made if need be, and prometheus_client's own files may lie beside ours."""
    directory = tmp_path / "shared" / "metrics"
    exporter = PrometheusExporter(serve=False, scope_labels=False, environment={VARIABLE: str(directory)})
    sdk.configure(service_name="shop", exporters=[exporter], self_metrics=False, environment={})
    metrics.get_meter("shop").create_counter("orders").add(4)
    assert 4.0 == exporter.registry.get_sample_value("orders_total")
    assert folder_of(directory).name.startswith("midspan-shop-")


def test_who_is_alone_can_say_so(tmp_path):
    """Whatever the variable says."""
    exporter = PrometheusExporter(serve=False, multiprocess=False, environment={VARIABLE: str(tmp_path)})
    assert (prometheus_client.REGISTRY, []) == (exporter.registry, list(tmp_path.iterdir()))


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({"multiprocess": True}, "multiprocess=True"),
        ({"multiprocess": ""}, "multiprocess=''"),
        ({"multiprocess": 7}, "multiprocess=7"),
        ({"multiprocess": "{file}/metrics"}, "multiprocess=.*directory"),
        ({"multiprocess": "{file}"}, "multiprocess=.*directory"),
        ({"environment": {VARIABLE: "{file}/metrics"}}, VARIABLE),
        ({"gauges": "average"}, "gauges='average'"),
        ({"gauges": {"load": "average"}}, "gauges='average'"),
        ({"multiprocess": "{directory}", "snapshot_interval_s": 0}, "snapshot_interval_s=0"),
        ({"multiprocess": "{directory}", "snapshot_interval_s": float("nan")}, "snapshot_interval_s=nan"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, given, who):
    """Where it is written, and by its name."""
    (tmp_path / "file").touch()

    def filled(value: object) -> object:
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        places = {"file": tmp_path / "file", "directory": tmp_path / "directory"}
        return value.format(**places) if isinstance(value, str) else value

    with pytest.raises(ConfigurationError, match=who):
        PrometheusExporter(serve=False, **{"environment": {}, **filled(given)})


def test_a_directory_of_somebody_else_is_refused(tmp_path):
    """What lies where ours should be may lead anywhere."""
    exporter = PrometheusExporter(serve=False, multiprocess=tmp_path, environment={})
    sdk.configure(service_name="shop", exporters=[exporter], environment={}).shutdown(5)
    ours = folder_of(tmp_path)
    for file in ours.iterdir():
        file.unlink()
    ours.rmdir()
    ours.symlink_to(tmp_path)
    exporter = PrometheusExporter(serve=False, multiprocess=tmp_path, environment={})
    with pytest.raises(ConfigurationError, match="no folder of this user's"):
        sdk.configure(service_name="shop", exporters=[exporter], environment={})


def test_workers_listen_at_one_port(tmp_path):
    """The system chooses who answers, and whoever does tells of all."""
    with Worker() as first, Worker() as second:
        port = free_port()
        for worker in (first, second):
            worker.begin(str(tmp_path), serve=True, host="127.0.0.1", port=port)
            worker.add(1)
        for _ in range(8):
            assert {"orders_total": 2.0} == scraped(port)
        first.end()
        assert {"orders_total": 2.0} == scraped(port)


def test_a_forked_worker_listens_where_its_parent_does(tmp_path):
    """And goes on when the parent has ended."""
    exporter = PrometheusExporter(
        host="127.0.0.1", port=0, multiprocess=tmp_path, scope_labels=False, environment={}
    )
    pipeline = sdk.configure(service_name="shop", exporters=[exporter], self_metrics=False, environment={})
    with Worker(exporter) as worker:
        worker.add(1)
        # Its thread has taken a place and the port once it is told of.
        while scraped(exporter.port) != {"orders_total": 1.0}:
            pass
        port = exporter.port
        assert port == worker.port()
        assert pipeline.shutdown(5) is True
        assert {"orders_total": 1.0} == scraped(port)


def test_another_service_does_not_get_the_port(tmp_path):
    """It would be scraped in place of the first one every other time."""
    with Worker() as first, Worker() as second:
        port = first.begin(str(tmp_path), serve=True, host="127.0.0.1", port=free_port())
        with pytest.raises(AssertionError, match=f"ConfigurationError: 127.0.0.1:{port}"):
            second.begin(str(tmp_path), service="stock", serve=True, host="127.0.0.1", port=port)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


OLD_AND_NEW = """
import os, sys
import prometheus_client
from prometheus_client.exposition import generate_latest
from midspan import metrics, sdk
from midspan.exporters.prometheus import PrometheusExporter

exporter = PrometheusExporter(serve=False, scope_labels=False)
sdk.configure(service_name="shop", exporters=[exporter], self_metrics=False)
old = prometheus_client.Counter("old", "of before")
new = metrics.get_meter("shop").create_counter("new")
for _ in range(2):
    if not os.fork():
        old.inc(10)
        new.add(10)
        sys.exit(0)
    os.wait()
old.inc()
new.add(1)
print(generate_latest(exporter.registry).decode())
"""


def test_prometheus_client_tells_of_all_processes_too(tmp_path: Path):
    """What an application counts with that library, in its own way of sharing, is in the same scrape."""
    command = [sys.executable, "-W", "ignore", "-c", OLD_AND_NEW]
    environment = {VARIABLE: str(tmp_path)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert ["new_total 21.0", "old_total 21.0"] == sorted(
        line for line in told.stdout.splitlines() if line.startswith(("old_total", "new_total"))
    )
