"""The harness: it calls the service, is called back by it, and keeps what came."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
VALID = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Sent(NamedTuple):
    """What the service sent with a call: the parts of its traceparent, and the members of its tracestate."""

    trace_id: str
    parent_id: str
    flags: int
    state: dict[str, str]


def sent(headers):
    """Read the headers of a call by the letter: exactly one valid traceparent, and one tracestate at most."""
    traceparents = headers.get_all("traceparent", [])
    assert 1 == len(traceparents), traceparents
    parts = VALID.fullmatch(traceparents[0])
    assert parts, traceparents[0]
    states = headers.get_all("tracestate", [])
    assert len(states) <= 1
    members = [member.partition("=") for member in states[0].split(",")] if states else []
    state = {}
    for key, _, value in members:
        state.setdefault(key, value)
    return Sent(parts[1], parts[2], int(parts[3], 16), state)


class Callbacks(BaseHTTPRequestHandler):
    """Where the service's calls arrive."""

    def do_POST(self):
        """Keep the headers under the path."""
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen[self.path] = self.headers
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def callbacks():
    """Return a server that keeps what it is called with."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Callbacks)
    server.seen = {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module", params=["http.server", "wsgi"])
def service(request):
    """Start the service as a process of its own, and return its port."""
    command = [sys.executable, "-m", "compat_tests.w3c.service", request.param]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())
        process.terminate()


@pytest.fixture
def calls(service, callbacks):
    """Return a function that sends headers, exactly as they are, and tells what the service then sent."""

    def call(*headers, times=1):
        callbacks.seen.clear()
        base = f"http://127.0.0.1:{callbacks.server_port}"
        body = json.dumps([{"url": f"{base}/{number}", "arguments": []} for number in range(times)]).encode()
        connection = http.client.HTTPConnection("127.0.0.1", service, timeout=10)
        connection.putrequest("POST", "/", skip_accept_encoding=True)
        for name, value in (*headers, ("content-length", str(len(body)))):
            connection.putheader(name, value)
        connection.endheaders(body)
        assert 200 == connection.getresponse().status
        connection.close()
        return [sent(callbacks.seen[f"/{number}"]) for number in range(times)]

    return call


@pytest.fixture
def call(calls):
    """Return a function that sends headers and tells what the service sent with its one call."""
    return lambda *headers: calls(*headers)[0]
