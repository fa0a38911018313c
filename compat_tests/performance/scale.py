"""Measure what docs/scale.md counts with: `python -m compat_tests.performance.scale`.

Spans of a busy service go to a collector over OTLP/HTTP and to Kafka, both in processes of their own; what is
counted is the process that makes and sends them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from compat_tests._environments import ROOT
from compat_tests.exporters._kafka import Broker
from compat_tests.exporters.conftest import free_port, python_with, running
from compat_tests.performance._report import machine
from compat_tests.performance._sender import WARM_UP

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SIZE", "WARM_UP", "WAYS", "Way", "places", "play"]

# Of this many, as the default batch has; a process that makes a thousand a second sends two of these.
SIZE = 512
PARTITIONS = (1, 6, 24, 96)


class Way(NamedTuple):
    """One way to send spans."""

    title: str
    way: str
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


WAYS = (
    Way("made, and not sent", "none"),
    Way("OTLP/HTTP", "otlp"),
    Way("OTLP/HTTP, gzip", "otlp", {"compression": "gzip"}),
    Way("Kafka, by trace, zstd", "kafka"),
    Way("Kafka, by trace, lz4", "kafka", {"compression": "lz4"}),
    Way("Kafka, by trace, not compressed", "kafka", {"compression": "none"}),
    Way("Kafka, whole batches, zstd", "kafka", {"traces_key": "none"}),
)


class Places(NamedTuple):
    """Where to send to."""

    collector: str
    brokers: str


@contextlib.contextmanager
def places() -> Iterator[tuple[Places, Broker]]:
    """Start a collector (rotel) and a broker (noida) for the time of the block."""
    with tempfile.TemporaryDirectory() as folder:
        home, http, grpc = Path(folder), free_port(), free_port()
        packages = python_with("rotel").parent.parent
        (agent,) = packages.glob("lib/python*/site-packages/rotel/rotel-agent")
        command = [str(agent), "start", "--pid-file", str(home / "pid"), "--exporter", "blackhole"]
        command += ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
        broker = Broker(home)
        broker.start()
        try:
            with running(command, http, home / "log"):
                yield Places(f"http://127.0.0.1:{http}", broker.address), broker
        finally:
            broker.stop()


def play(where: Places, way: Way, batches: int, **more: Any) -> dict[str, Any]:
    """Send in a process of its own; return what it tells."""
    address = where.collector if way.way == "otlp" else where.brokers
    plan = {"way": way.way, "options": way.options, "address": address, "size": SIZE, "batches": batches}
    command = [sys.executable, "-m", "compat_tests.performance._sender", json.dumps({**plan, **more})]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def costs(where: Places, rounds: int, batches: int) -> Iterator[str]:
    """Yield a table: what a span costs the process that sends it, and what it weighs on the way."""
    yield "| way | CPU a span | spans a CPU second | in the caller's thread | bytes a span | peak memory |"
    yield "|---|---|---|---|---|---|"
    told: dict[str, list[dict[str, Any]]] = {way.title: [] for way in WAYS}
    # In turn, so that a change in the machine's speed meets all alike.
    for _ in range(rounds):
        for way in WAYS:
            told[way.title].append(play(where, way, batches))
    for way in WAYS:
        spans = batches * SIZE
        cpu_s, caller_s, peak_mb, wire = (
            statistics.median(each[name] for each in told[way.title])
            for name in ("cpu_s", "caller_s", "peak_mb", "wire_bytes")
        )
        if way.way == "kafka":
            wire = play(where, way, batches, weigh=True)["wire_bytes"]
        yield (
            f"| {way.title} | {cpu_s / spans * 1e6:.1f} us | {spans / cpu_s:,.0f}"
            f" | {caller_s / spans * 1e6:.1f} us | {wire / spans:.0f} | {peak_mb:.0f} MB |"
        )


def weights(where: Places, broker: Broker, batches: int) -> Iterator[str]:
    """Yield a table: bytes a span on the way to Kafka, by partitions and by what is a message."""
    yield "| partitions | a message for each trace | a message for each batch |"
    yield "|---|---|---|"
    for partitions in PARTITIONS:
        cells = []
        for key in ("trace_id", "none"):
            topic = broker.make_topic(f"{key}-{partitions}", partitions)
            way = Way("", "kafka", {"traces_topic": topic, "traces_key": key})
            wire = play(where, way, batches, weigh=True)["wire_bytes"]
            cells.append(f"{wire / batches / SIZE:.0f}")
        yield f"| {partitions} | {' | '.join(cells)} |"


def holds() -> Iterator[str]:
    """Yield a table: how many spans a process holds while nobody listens, before it loses the first."""
    yield "| way | spans until the first is lost | peak memory |"
    yield "|---|---|---|"
    address = f"127.0.0.1:{free_port()}"
    nobody = Places(f"http://{address}", address)
    for way in (WAYS[1], WAYS[2], WAYS[3]):
        told = play(nobody, way, 0, fill=True)
        yield f"| {way.title} | {told['held']:,} | {told['peak_mb']:.0f} MB |"


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="python -m compat_tests.performance.scale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each way has its turn (%(default)s)")
    parser.add_argument("--batches", type=int, default=64, help=f"of {SIZE} spans, a turn (%(default)s)")
    options = parser.parse_args()
    about, python = machine(), platform.python_version()
    print(f"CPython {python}, {about['processor']}, {about['cores']} cores, {about['system']}")
    with places() as (where, broker):
        tables = (
            costs(where, options.rounds, options.batches),
            weights(where, broker, options.batches),
            holds(),
        )
        for table in tables:
            print()
            for line in table:
                print(line, flush=True)


if __name__ == "__main__":
    main()
