"""TLS is loaded when there is something to send over it: neither before, nor in each child anew."""

from __future__ import annotations

import subprocess
import sys

import pytest

from exporters.tests.otlp.conftest import TLS, server_tls
from midspan.exporters._http import NotSentError, Request, _open

CA = str(TLS / "ca.pem")
REQUEST = Request(b"", {})
SHOW = "print('midspan.exporters._http._tls' in sys.modules, flush=True)\n"
BEGIN = """
import os, sys
from midspan.exporters.otlp import OTLPExporter
OTLPExporter(endpoint="https://127.0.0.1:9")
"""
PLAIN = BEGIN.replace("https:", "http:")
FORK = f"""
if not os.fork():
    {SHOW}
    os._exit(0)
os.wait()
"""
# What a server does that has gevent's worker: it is loaded in the parent, and patches in the child.
LOADED = "import types; sys.modules['gevent'] = types.ModuleType('gevent')\n"
OF_UWSGI = "import sys, types; sys.modules['uwsgi'] = types.ModuleType('uwsgi')\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (BEGIN + SHOW, "False"),
        (BEGIN + FORK, "True"),
        (PLAIN + FORK, "False"),
        (BEGIN + LOADED + FORK, "False"),
        (BEGIN + LOADED + "import ssl\n" + FORK, "True"),
        (OF_UWSGI + BEGIN + SHOW, "True"),
        (OF_UWSGI + PLAIN + SHOW, "False"),
    ],
    ids=[
        "at first",
        "forked",
        "forked, in the clear",
        "gevent may patch",
        "gevent is late",
        "uWSGI will fork",
        "uWSGI will fork, in the clear",
    ],
)
def test_tls_is_loaded_once_it_is_needed(code, said):
    """Or once a fork would have every child load it; but not before each of them may patch for itself."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said == done.stdout.strip(), done.stderr


def test_what_was_closed_before_it_was_used_sends_nothing(collector, open_to):
    """It is refused as after any other shutdown."""
    transport = open_to(collector.url)
    transport.close()
    with pytest.raises(NotSentError, match="was shut down") as raised:
        transport.send(REQUEST, 5)
    assert (True, []) == (raised.value.permanent, collector.received)


def test_an_import_that_fails_is_a_try_that_failed(tls_collector, open_to, monkeypatch):
    """The next one may find it."""
    transport = open_to(tls_collector(server_tls()).url, {}, CA)
    with monkeypatch.context() as patch:
        patch.setattr(_open, "_loaded", [])
        patch.setitem(sys.modules, "midspan.exporters._http._tls", None)
        with pytest.raises(NotSentError, match="there is no TLS") as raised:
            transport.send(REQUEST, 5)
    assert (False, 200) == (raised.value.permanent, transport.send(REQUEST, 5).status)


def test_after_an_import_that_takes_too_long_nothing_is_sent(tls_collector, open_to):
    """Time is up; the next one finds it imported."""
    collector = tls_collector(server_tls())
    transport = open_to(collector.url, {}, CA)
    with pytest.raises(NotSentError, match=r"no complete answer within 1e-06 s") as raised:
        transport.send(REQUEST, 1e-6)
    assert (False, []) == (raised.value.permanent, collector.received)
    assert 200 == transport.send(REQUEST, 5).status


def test_in_the_middle_of_its_import_nobody_waits_for_it(tls_collector, open_to, monkeypatch, elapsed):
    """A signal's handler that sends would wait for the very thread that it has interrupted."""
    transport = open_to(tls_collector(server_tls()).url, {}, CA)
    monkeypatch.setattr(_open, "_loaded", [])
    monkeypatch.setattr(_open, "_LONGEST_S", 0.05)
    with _open._loading, pytest.raises(NotSentError, match="it is being loaded") as raised:
        transport.send(REQUEST, 5)
    assert (False, True) == (raised.value.permanent, elapsed() < 2)
