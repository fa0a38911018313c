"""Under gevent, a collector that hangs holds up nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.gevent

SCRIPT = """
import json, sys, time, warnings
when, url = sys.argv[1:]
warnings.simplefilter("ignore")
if when == "patched first":
    from gevent import monkey
    monkey.patch_all()
from midspan import sdk, trace
from midspan.exporters.otlp import OTLPExporter
exporter = OTLPExporter(url, timeout_s=0.5)
pipeline = sdk.configure(exporters=[exporter], environment={"OTEL_BSP_SCHEDULE_DELAY": "50"})
if when == "patched last":
    from gevent import monkey
    monkey.patch_all()
import gevent
end_s, worst_s = time.monotonic() + 0.8, 0.0
def tick():
    global worst_s
    last_s = time.monotonic()
    while time.monotonic() < end_s:
        gevent.sleep(0.002)
        worst_s, last_s = max(worst_s, time.monotonic() - last_s), time.monotonic()
def work():
    while time.monotonic() < end_s:
        trace.get_tracer("x").start_span("x").end()
        gevent.sleep(0.01)
gevent.joinall([gevent.spawn(tick), gevent.spawn(work)])
begin_s = time.monotonic()
flushed = pipeline.shutdown(0.5)
stats = pipeline.stats().exporters["otlp"]
print(json.dumps([worst_s, flushed, time.monotonic() - begin_s, stats.dropped]))
"""


@pytest.mark.parametrize("when", ["patched first", "patched last"])
def test_a_hanging_collector_does_not_stall_the_loop(speak, when):
    """No stall above a tenth of a second, the shutdown on time, the loss counted."""
    command = [sys.executable, "-c", SCRIPT, when, speak(b"")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment)
    worst_s, flushed, took_s, dropped = json.loads(done.stdout)
    assert (True, False, True, True) == (worst_s < 0.1, flushed, took_s < 1, sum(dropped.values()) > 0)


ENDING = """
import sys
from gevent import monkey
monkey.patch_all()
from midspan import sdk, trace
from midspan.exporters.otlp import OTLPExporter
exporter = OTLPExporter("http://127.0.0.1:9", protocol=sys.argv[1])
pipeline = sdk.configure(exporters=[exporter], environment={})
trace.get_tracer("x").start_span("x").end()
pipeline.force_flush(0.1)
pipeline.shutdown(0.1)
"""


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_process_ends_well_while_a_worker_waits_for_its_next_attempt(protocol):
    """A thread that gevent has in the middle of a switch then would bring it down, more often than not."""
    command = [sys.executable, "-c", ENDING, protocol]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ended = [
        subprocess.run(command, capture_output=True, timeout=60, env=environment, check=False).returncode
        for _ in range(3)
    ]
    assert [0] * 3 == ended
