"""What sends is made when there is something to send: neither before, nor in each child anew."""

from __future__ import annotations

import subprocess
import sys

import pytest

from midspan.exporters._http import NotSentError, http_transport
from midspan.exporters.otlp import Request
from midspan.exporters.otlp._said import Given
from midspan.exporters.otlp._settings import read_settings

BEGIN = """
import os, sys
from midspan.exporters.otlp import OTLPExporter
OTLPExporter(endpoint="http://127.0.0.1:9")
"""
FORK = """
if not os.fork():
    print("requests" in sys.modules, flush=True)
    os._exit(0)
os.wait()
"""
# What a server does that has gevent's worker: it is loaded in the parent, and patches in the child.
LOADED = "import types; sys.modules['gevent'] = types.ModuleType('gevent')\n"
OF_UWSGI = "import sys, types; sys.modules['uwsgi'] = types.ModuleType('uwsgi')\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (BEGIN + "print('requests' in sys.modules)", "False"),
        (BEGIN + FORK, "True"),
        (BEGIN + LOADED + FORK, "False"),
        (BEGIN + LOADED + "import requests\n" + FORK, "True"),
        (OF_UWSGI + BEGIN + "print('requests' in sys.modules)", "True"),
    ],
    ids=["at first", "forked", "gevent may patch", "gevent is late", "uWSGI will fork"],
)
def test_requests_is_imported_once_it_is_needed(code, said):
    """Or once a fork would have every child import it; but not before each of them may patch for itself."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said == done.stdout.strip(), done.stderr


def late(url):
    """Return a transport that has not been made yet."""
    return http_transport(read_settings(Given(endpoint=url), {}).endpoint, "otlp")


def test_what_was_closed_before_it_was_made_sends_nothing(collector):
    """It is refused as after any other shutdown."""
    transport = late(collector.url)
    transport.close()
    with pytest.raises(NotSentError, match="was shut down") as raised:
        transport.send(Request(b"x", {}), 5)
    assert (True, []) == (raised.value.permanent, collector.received)


def test_one_is_made_however_often_it_sends(collector):
    """Its connection is kept."""
    transport = late(collector.url)
    assert [200] * 3 == [transport.send(Request(b"x", {}), 5).status for _ in range(3)]
    transport.close()
    assert 1 == collector.connections


def test_an_import_that_takes_too_long_is_a_try_that_failed(collector):
    """Nothing is sent after its time; the next one finds it imported."""
    transport = late(collector.url)
    with pytest.raises(NotSentError, match=r"was not imported within 1e-06 s") as raised:
        transport.send(Request(b"x", {}), 1e-6)
    assert (False, []) == (raised.value.permanent, collector.received)
    assert 200 == transport.send(Request(b"x", {}), 5).status
    transport.close()


def test_an_import_that_fails_is_a_try_that_failed(monkeypatch):
    """The next one may find it: a signal's handler may have sent in the middle of the import."""
    transport = late("http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "midspan.exporters._http._transport", None)
    with pytest.raises(NotSentError, match="requests cannot be imported") as raised:
        transport.send(Request(b"x", {}), 5)
    assert not raised.value.permanent
