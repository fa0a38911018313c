"""Forks, greenlets and interpreters that end: librdkafka has threads of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

FORKS = """
import os, sys
from midspan import sdk, trace
from midspan.exporters.kafka import KafkaExporter
pipeline = sdk.configure(exporters=[KafkaExporter(sys.argv[1])], environment={})
tracer = trace.get_tracer("x")
def emit(name):
    tracer.start_span(name).end()
    return pipeline.force_flush(10)
assert emit("before")
children = []
for number in range(3):
    child = os.fork()
    if not child:
        # The first says nothing; each ends as a program does, with all that an interpreter frees then.
        assert not number or emit(f"child {number}")
        sys.exit(0)
    children.append(child)
assert emit("after")
sys.exit(max(os.waitpid(child, 0)[1] for child in children))
"""
GREENLETS = """
import json, sys, time, warnings
when, address = sys.argv[1:]
warnings.simplefilter("ignore")
if when == "patched first":
    from gevent import monkey
    monkey.patch_all()
from midspan import sdk, trace
from midspan.exporters.kafka import KafkaExporter
pipeline = sdk.configure(
    exporters=[KafkaExporter(address, timeout_s=0.5)], environment={"OTEL_BSP_SCHEDULE_DELAY": "50"}
)
if when == "patched last":
    from gevent import monkey
    monkey.patch_all()
import gevent
end_s, worst_s = time.monotonic() + 1, 0.0
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
stats = pipeline.stats().exporters["kafka"]
print(json.dumps([worst_s, flushed, time.monotonic() - begin_s, stats.exported, stats.accepted]))
"""
CALLED = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from gevent import monkey
monkey.patch_all()
import gevent
from midspan import testing
from midspan.exporters.kafka import KafkaExporter
exporter = KafkaExporter(sys.argv[1])
call = gevent.spawn(exporter.export_spans, testing.finished_spans("x"), 0.5)
worst_s = 0.0
while not call.ready():
    last_s = time.monotonic()
    gevent.sleep(0.002)
    worst_s = max(worst_s, time.monotonic() - last_s)
print(json.dumps([worst_s, call.value]))
"""
ENDS = """
import sys
from midspan import sdk, trace
from midspan.exporters.kafka import KafkaExporter
sdk.configure(exporters=[KafkaExporter(sys.argv[1])], environment={})
trace.get_tracer("x").start_span("last").end()
"""


def play(script, *arguments):
    """Run a script in an interpreter of its own, which must end by itself."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment)


def test_each_forked_child_has_a_producer_of_its_own(cluster):
    """No process hangs, none frees what is another's, and every span arrives once."""
    done = play(FORKS, cluster.address)
    assert (0, "") == (done.returncode, done.stderr)
    arrived = Counter(name for message in cluster.arrived() for name in message.names)
    assert {"before": 1, "child 1": 1, "child 2": 1, "after": 1} == arrived


def test_what_ended_before_the_interpreter_arrives(cluster):
    """A program that says nothing about its end loses nothing."""
    done = play(ENDS, cluster.address)
    assert (0, "") == (done.returncode, done.stderr)
    assert [["last"]] == [message.names for message in cluster.arrived()]


@pytest.mark.slow
@pytest.mark.gevent
@pytest.mark.parametrize("when", ["patched first", "patched last"])
def test_a_broker_that_hangs_does_not_stall_the_loop(cluster, when):
    """No stall above a tenth of a second, and the shutdown on time."""
    cluster.answer_after(10_000)
    done = play(GREENLETS, when, cluster.address)
    worst_s, flushed, took_s, *_ = json.loads(done.stdout)
    assert (True, False, True) == (worst_s < 0.1, flushed, took_s < 1)


@pytest.mark.slow
@pytest.mark.gevent
@pytest.mark.parametrize("when", ["patched first", "patched last"])
def test_greenlets_deliver_to_a_broker_that_is_well(cluster, when):
    """Every span is acknowledged."""
    done = play(GREENLETS, when, cluster.address)
    worst_s, flushed, _, exported, accepted = json.loads(done.stdout)
    assert (True, True) == (worst_s < 0.1, flushed)
    assert exported == accepted > 25


@pytest.mark.slow
@pytest.mark.gevent
def test_a_greenlet_that_calls_the_exporter_holds_up_no_other(cluster):
    """What waits in librdkafka is a thread of the system."""
    cluster.answer_after(10_000)
    worst_s, taken = json.loads(play(CALLED, cluster.address).stdout)
    assert (True, False) == (worst_s < 0.1, taken)
