"""What a real Prometheus scrapes from midspan's pipeline is what OpenCensus's own producers say."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests._environments import environment, find_python

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = "3.11"
HERE = Path(__file__).parent
READY_WITHIN_S = 60.0
EMPTY = "(empty)"
UNITS = {
    ("ms", False): "milliseconds",
    ("ms", True): "milliseconds",
    ("{item}", False): "",
    ("1", False): "",
    ("1", True): "ratio",
}
pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def application() -> Iterator[dict[str, Any]]:
    """The application's port, and what OpenCensus's own producers say."""
    python = find_python(PYTHON)
    if python is None:
        pytest.skip(f"CPython {PYTHON} is not installed")
    ours = str(environment(HERE / "requirements.txt", name="opencensus-stats", python=python))
    env = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    command = [ours, str(HERE / "inside.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


@pytest.fixture(scope="module")
def prometheus(application: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that scrapes the application every second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed (Debian: prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    target = {"targets": [f"127.0.0.1:{application['port']}"]}
    job = {"job_name": "shop", "scrape_interval": "1s", "static_configs": [target]}
    (folder / "config.yml").write_text(json.dumps({"scrape_configs": [job]}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        program,
        f"--config.file={folder / 'config.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            _wait_for_a_scrape(f"http://127.0.0.1:{port}", folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def ask(address: str, query: str) -> Any:
    """Return Prometheus's answer to a query, as of now."""
    with urllib.request.urlopen(
        f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=10
    ) as answer:
        return json.load(answer)["data"]["result"]


def _wait_for_a_scrape(address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if [up for up in ask(address, "up") if up["value"][1] == "1"]:
                return
        time.sleep(0.2)
    pytest.fail(f"nothing was scraped:\n{log.read_text(errors='replace')[-4000:]}")


def series_of(name: str, labels: dict[str, str | None]) -> tuple[str, frozenset[tuple[str, str]]]:
    """Return what tells a series apart in Prometheus, for labels that may be missing."""
    shown = frozenset((key, text or EMPTY) for key, text in labels.items() if text is not None)
    return name.replace(".", "_").replace("/", "_"), shown


def name_of(said: dict[str, Any]) -> str:
    """Return the name of a metric with its unit in words; the 1 of a gauge is a ratio."""
    # A count of orders is none of milliseconds, whatever OpenCensus says.
    unit = "" if said["name"] == "shop.example/orders" else UNITS[said["unit"], said["is_gauge"]]
    return f"{said['name']}_{unit}" if unit else said["name"]


def expected_of(said: list[dict[str, Any]]) -> dict[Any, float]:
    """Return the samples that Prometheus must have, for what OpenCensus says."""
    samples = {}
    for each in said:
        name, labels = series_of(name_of(each), each["labels"])
        value = each["value"]
        if not isinstance(value, dict):
            samples[name, labels] = value
            continue
        samples[f"{name}_count", labels] = value["count"]
        samples[f"{name}_sum", labels] = value["sum"]
        for place, bound in enumerate([*map(repr, map(float, value["bounds"])), "+Inf"]):
            bucket = labels | {("le", bound)}
            samples[f"{name}_bucket", bucket] = sum(value["counts"][: place + 1])
    return samples


def test_prometheus_has_opencensus_numbers(application: dict[str, Any], prometheus: str) -> None:
    """Every series and every number is there, views, gauges and cumulatives, and no other one."""
    found = {}
    for each in ask(prometheus, '{job="shop", __name__=~"shop_.*"}'):
        labels = {key: text for key, text in each["metric"].items() if key not in {"job", "instance"}}
        name = labels.pop("__name__").removesuffix("_total")
        found[name, frozenset(labels.items())] = float(each["value"][1])
    expected = expected_of(application["said"])
    assert len(expected) > 100
    assert expected == found


def test_missing_and_empty_do_not_collide(application: dict[str, Any], prometheus: str) -> None:
    """Orders without a tag and orders with an empty one are two series, and add up to all orders."""
    rows = ask(prometheus, "sum by (k) (shop_example_orders_total)")
    by_tag = {row["metric"].get("k"): float(row["value"][1]) for row in rows}
    said = [each for each in application["said"] if each["name"] == "shop.example/orders"]
    counted = {
        shown: sum(each["value"] for each in said if each["labels"]["k"] == text)
        for text, shown in ((None, None), ("", EMPTY), ("a", "a"), ("b c", "b c"))
    }
    assert (counted, 500) == (by_tag, sum(by_tag.values()))
