"""Real prefork servers: what is scraped is what all workers have counted, whichever of them ends."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from compat_tests import _environments
from compat_tests.exporters.conftest import REQUIREMENTS, free_port, running
from compat_tests.exporters.test_prometheus import Prometheus, eventually, program

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.server, pytest.mark.slow]

HERE = Path(__file__).parent
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
REQUESTS_EACH_TIME = 150
_GUNICORN = ["gunicorn", "_prefork_shop:application", "-w", "4", "--max-requests", "60", "-b"]
_UWSGI = ["uwsgi", "--master", "--processes", "4", "--enable-threads", "--die-on-term", "--need-app"]
_UWSGI += ["--module", "_prefork_shop:application", "--max-requests", "60", "--min-worker-lifetime", "0"]
_UWSGI += ["--disable-logging", "--http-socket"]


def get(url: str, accept: str = OPENMETRICS) -> str:
    """Return an answer."""
    request = urllib.request.Request(url, headers={"accept": accept, "connection": "close"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        body: str = answer.read().decode()
    return body


class Served(NamedTuple):
    """A server with workers, and what it has been asked for."""

    application: str
    metrics: str

    def work(self) -> set[int]:
        """Ask often; return the numbers of the processes that answered."""
        with concurrent.futures.ThreadPoolExecutor(4) as clients:
            return {
                int(pid)
                for pid in clients.map(lambda _: get(self.application + "/"), range(REQUESTS_EACH_TIME))
            }

    def sample(self, name: str, url: str | None = None) -> float | None:
        """Return what a scrape tells of the one sample of a name; None if there is none, or no answer."""
        try:
            text = get(url or self.metrics)
        except (OSError, http.client.HTTPException):
            # A worker that is killed takes who waits for its answer with it; or all are being replaced.
            return None
        values = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        ]
        assert len(values) <= 1
        return values[0] if values else None

    def comes_to(self, expected: dict[str, float], url: str | None = None) -> None:
        """Wait until a scrape tells what is expected."""
        found: dict[str, float | None] = {}
        deadline_s = time.monotonic() + 30
        while found != expected and time.monotonic() < deadline_s:
            found = {name: self.sample(name, url) for name in expected}
        assert expected == found

    def one(self) -> int:
        """Ask once more; return the number of the process that answered."""
        return int(get(self.application + "/"))


@contextlib.contextmanager
def served(command: list[str], folder: Path) -> Iterator[Served]:
    """Start a server whose workers share a directory."""
    python = _environments.environment(REQUIREMENTS / "prefork.txt", name="exporters-prefork")
    port, metrics_port = free_port(), free_port()
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("OTEL_")},
        "PYTHONPATH": str(HERE),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "shared"),
        "OTEL_EXPORTER_PROMETHEUS_PORT": str(metrics_port),
    }
    command = [str(python.with_name(command[0])), *command[1:], f"127.0.0.1:{port}"]
    with pytest.MonkeyPatch.context() as patched:
        for name, text in environment.items():
            patched.setenv(name, text)
        with running(command, port, folder / "server.log"):
            yield Served(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics_port}/metrics")


class Watch:
    """Scrapes all the time; remembers the totals, in order."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._stopped = threading.Event()
        self.totals: list[float] = []
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(0.02):
            total = self._server.sample("requests_total")
            if total is not None:
                self.totals.append(total)


@pytest.mark.parametrize(
    "command",
    [
        _GUNICORN,
        [*_GUNICORN[:-1], "--preload", "-b"],
        # It is patched in when the application has been loaded and each worker has threads of ours. A worker
        # is killed; none is replaced for its age.
        [*_GUNICORN[:-1], "--preload", "-k", "gevent", "--max-requests", "0", "-b"],
        _UWSGI,
        [*_UWSGI[:-1], "--lazy-apps", "--http-socket"],
    ],
    ids=["gunicorn", "gunicorn, preload", "gunicorn, gevent, preload", "uWSGI", "uWSGI, lazy-apps"],
)
def test_a_scrape_tells_of_every_request(command: list[str], tmp_path: Path) -> None:
    """Exactly, with workers that are killed and others that are replaced; a total never goes back."""
    with served(command, tmp_path) as server, Watch(server) as watch:
        workers, victim = server.work(), server.one()
        # What was told is kept; what was counted since, of five seconds at most, is lost with who is killed.
        server.comes_to({"requests_total": REQUESTS_EACH_TIME + 1.0})
        os.kill(victim, signal.SIGKILL)
        later = server.work()
        total = 2.0 * REQUESTS_EACH_TIME + 1
        latency = {"latency_seconds_count": total, "latency_seconds_sum": total / 4}
        server.comes_to({"requests_total": total, **latency})
        # None if all workers have been replaced, and none of the new ones was busy yet.
        assert server.sample("busy") in {0.0, None}
        # By way of the application itself, too.
        server.comes_to({"requests_total": total}, server.application + "/metrics")
        assert later - workers
        check = [program("promtool"), "check", "metrics"]
        text = get(server.application + "/metrics", "text/plain")
        lint = subprocess.run(check, input=text, capture_output=True, text=True, check=False)
        assert [] == [line for line in lint.stderr.splitlines() if "no help text" not in line]
    assert sorted(watch.totals) == watch.totals
    # Whether the watch looked once more after the last request is the machine's affair.
    assert watch.totals[-1] <= total


def test_prometheus_sees_no_reset(tmp_path: Path) -> None:
    """Its own scrapes, one after the other by whichever worker, are of one counter that only grows."""
    with served(_GUNICORN, tmp_path) as server, scraping(server, tmp_path) as prometheus:
        for times in (1, 2):
            server.work()
            victim = server.one()
            total = times * (REQUESTS_EACH_TIME + 1.0)
            eventually(lambda total=total: list(prometheus.values("requests_total").values()), [total])
            os.kill(victim, signal.SIGKILL)
        server.one()
        eventually(lambda: list(prometheus.values("requests_total").values()), [total + 1])
        assert [0.0] == list(prometheus.values("resets(requests_total[5m])").values())
        assert 1 == len(prometheus.values('target_info{service_name="shop"}'))


@contextlib.contextmanager
def scraping(server: Served, folder: Path) -> Iterator[Prometheus]:
    """Start a Prometheus that scrapes a server often."""
    target = server.metrics.removeprefix("http://").removesuffix("/metrics")
    job = {"job_name": "shop", "scrape_interval": "300ms", "scrape_timeout": "300ms"}
    config = {"scrape_configs": [{**job, "static_configs": [{"targets": [target]}]}]}
    (folder / "config.yml").write_text(json.dumps(config))
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={folder / 'config.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, port, folder / "prometheus.log"):
        yield Prometheus(port)
