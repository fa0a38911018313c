"""Greenlets and threads over one transport, whenever gevent comes, with TLS and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from exporters.tests.otlp.conftest import TLS, server_tls

pytestmark = pytest.mark.gevent

SCRIPT = """
import json, sys, time, warnings
when, url, authority = sys.argv[1:]
warnings.simplefilter("ignore")
def patch():
    from gevent import monkey
    monkey.patch_all()
if when == "first":
    patch()
from midspan import _native
from midspan.exporters._http import Endpoint, Request, http_transport
transport, told = http_transport(Endpoint(url, {}, authority)), []
def send(times=5):
    for _ in range(times):
        try:
            told.append(transport.send(Request(b"body", {}), 10).status)
        except BaseException as error:
            told.append(repr(error))
def in_thread():
    _native.start_thread(send)
if when == "in the middle":
    send()
if when != "first":
    patch()
import gevent
greenlets = [gevent.spawn(send) for _ in range(3)]
in_thread(), in_thread()
gevent.joinall(greenlets)
in_thread()
send()
expected = 40 if when == "in the middle" else 35
until = time.monotonic() + 20
while len(told) < expected and time.monotonic() < until:
    time.sleep(0.01)
transport.close()
print(json.dumps([len(told) - expected, sorted(set(told), key=str)]))
"""


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize("when", ["first", "last", "in the middle"])
def test_greenlets_and_threads_share_a_transport(collector, tls_collector, when, secure):
    """Each gets its answers, though a socket of gevent's serves one thread alone."""
    server = tls_collector(server_tls()) if secure else collector
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", SCRIPT, when, server.url, str(TLS / "ca.pem")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert 0 == done.returncode, done.stderr
    assert [0, [200]] == json.loads(done.stdout)
