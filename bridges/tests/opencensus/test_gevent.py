"""OpenCensus's spans and tags over the bridge where gevent has replaced threads, early or late."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("gevent")

PROGRAM = """
import json
import sys

when = sys.argv[1]
if when == "early":
    from gevent import monkey

    monkey.patch_all()

import threading

from opencensus.tags import TagContext, TagMap
from opencensus.trace import execution_context, samplers
from opencensus.trace.tracer import Tracer

from midspan import baggage, sdk, testing, trace
from midspan.bridges import opencensus as bridge

memory = testing.MemoryExporter()
pipeline = sdk.configure(exporters=[memory], environment={}, strict=True)
bridge.install(tags_as_baggage=True)
tracer = Tracer(sampler=samplers.AlwaysOnSampler())
native = trace.get_tracer("native")

if when == "late":
    with tracer.span("before the patch"):
        TagContext.set(TagMap([("before", "yes")]))
    from gevent import monkey

    monkey.patch_all()

import gevent

found = []


def request(number):
    TagContext.set(TagMap([("n", str(number))]))
    with tracer.span(f"{number}") as outer:
        gevent.sleep(0.001)
        with native.start_as_current_span(f"{number} native"):
            gevent.sleep(0.001)
            with tracer.span(f"{number} inner") as inner:
                gevent.sleep(0.001)
                assert execution_context.get_current_span() is inner
        assert tracer.current_span() is outer
    assert tracer.current_span() is None
    found.append((number, dict(TagContext.get().map), dict(baggage.get_all())))


gevent.joinall([gevent.spawn(request, number) for number in range(20)], raise_error=True)
threads = [threading.Thread(target=request, args=(number,)) for number in range(20, 24)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert pipeline.force_flush(10)
names = {span.context.span_id: span.name for span in memory.spans}
pairs = [(span.name, span.parent and names[span.parent.span_id]) for span in memory.spans]
tags = dict(TagContext.get().map) if TagContext.get() else None
assert pipeline.shutdown(10)
print(json.dumps({"pairs": pairs, "found": found, "tags": tags}))
"""


@pytest.mark.gevent
@pytest.mark.parametrize("when", ["early", "late"])
def test_greenlets_do_not_mix(when):
    """Each greenlet, and each thread that is one, has its own line of spans and its own tags."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, when]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == done.returncode, done.stderr
    seen = json.loads(done.stdout)
    pairs = {tuple(pair) for pair in seen["pairs"] if not pair[0].startswith("before")}
    assert pairs == {
        pair
        for n in range(24)
        for pair in ((f"{n}", None), (f"{n} native", f"{n}"), (f"{n} inner", f"{n} native"))
    }
    assert [[n, {"n": str(n)}, {"n": str(n)}] for n in range(24)] == sorted(seen["found"])
    assert (None if when == "early" else {"before": "yes"}) == seen["tags"]
