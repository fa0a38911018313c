"""Greenlets go on while one of them calls over gRPC, which knows nothing of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.gevent, pytest.mark.slow]

SCRIPT = """
import json, sys, time
when, silent, well = sys.argv[1:]
if when != "patched last":
    from gevent import monkey
    monkey.patch_all()
if when == "patched first, and gRPC told":
    from grpc.experimental import gevent as of_grpc
    of_grpc.init_gevent()
from midspan.exporters._grpc import Target, grpc_channel
hanging, answering = (grpc_channel(Target(address), "grpc") for address in (silent, well))
if when == "patched last":
    from gevent import monkey
    monkey.patch_all()
import gevent
end_s, worst_s, codes = time.monotonic() + 0.7, 0.0, []
def tick():
    global worst_s
    last_s = time.monotonic()
    while time.monotonic() < end_s:
        gevent.sleep(0.002)
        worst_s, last_s = max(worst_s, time.monotonic() - last_s), time.monotonic()
def call(channel, timeout_s):
    codes.append(channel.call("/x/Y", b"body", timeout_s).code)
gevent.joinall([gevent.spawn(tick), gevent.spawn(call, hanging, 0.5), gevent.spawn(call, answering, 5.0)])
print(json.dumps([worst_s, sorted(codes)]))
"""


@pytest.mark.parametrize("when", ["patched first", "patched last", "patched first, and gRPC told"])
def test_a_call_in_a_greenlet_holds_up_no_other(speak, server, when):
    """It ends as it would elsewhere, and the others do not notice."""
    silent = speak(b"").removeprefix("http://")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", SCRIPT, when, silent, server.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert 0 == done.returncode, done.stderr
    worst_s, codes = json.loads(done.stdout)
    assert (["DEADLINE_EXCEEDED", "OK"], True) == (codes, worst_s < 0.2), worst_s
