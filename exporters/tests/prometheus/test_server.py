"""The endpoint lives through whatever is sent to it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import time
import urllib.error
import urllib.request

import pytest

from midspan import metrics
from midspan.exporters.prometheus import _server

MALFORMED = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"GET " + b"/x" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\naccept: application/openmetrics-text;version=x.y\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\nabc",
    b"GET /metrics HTTP/1.1\r\naccept: \xff\xfe\r\n\r\n",
    b"",
]


def address(exporter) -> tuple[str, int]:
    """Return where it listens."""
    return "127.0.0.1", exporter.port


def answered(exporter) -> int:
    """Scrape as anybody would; return the status."""
    with urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/metrics", timeout=10) as answer:
        return answer.status


@pytest.mark.parametrize("request_bytes", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_requests_harm_nobody(exporter, request_bytes, capfd):
    """The next one is answered, and nothing is written to standard error."""
    # It may hang up before it has read all.
    with socket.create_connection(address(exporter), 5) as client, contextlib.suppress(OSError):
        client.sendall(request_bytes)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(5)
        while client.recv(65_536):
            pass
    assert (200, "") == (answered(exporter), capfd.readouterr().err)


def test_slow_clients_are_hung_up_on(exporter, monkeypatch):
    """However busy they look: a request has one deadline, and others are answered meanwhile."""
    monkeypatch.setattr(_server, "_PATIENCE_S", 0.5)
    with socket.create_connection(address(exporter), 5) as client:
        client.settimeout(0.1)
        began, is_open = time.monotonic(), True
        while is_open and time.monotonic() - began < 10:
            try:
                client.send(b"G")
                is_open = client.recv(1) != b""
            except TimeoutError:
                pass
            except OSError:
                is_open = False
            if time.monotonic() - began < 0.4:
                assert 200 == answered(exporter)
        assert not is_open
        assert time.monotonic() - began < 3


def test_a_flood_is_turned_away(exporter, monkeypatch, troubles):
    """No more than some clients have a thread at once; when they have gone, the next is answered."""
    monkeypatch.setattr(_server, "_PATIENCE_S", 1.0)
    clients = [socket.create_connection(address(exporter), 5) for _ in range(_server._MAX_CLIENTS + 4)]
    try:
        turned_away = 0
        for client in clients[-4:]:
            client.settimeout(0.8)
            with contextlib.suppress(TimeoutError):
                turned_away += client.recv(1) == b""
        assert (4, 4) == (turned_away, troubles()["prometheus.flood"])
    finally:
        for client in clients:
            client.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert 200 == answered(exporter)
            break
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    else:
        pytest.fail("nobody is answered after the flood")


def test_an_answer_is_compressed_for_who_asks(exporter):
    """Prometheus does."""
    metrics.get_meter("shop").create_counter("orders").add(1)
    url = f"http://127.0.0.1:{exporter.port}/metrics"
    request = urllib.request.Request(url, headers={"accept-encoding": "deflate, gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "gzip" == answer.headers["content-encoding"]
        assert b"orders_total" in gzip.decompress(answer.read())


def test_other_paths_are_not_found(exporter):
    """The metrics are at /metrics, and at / for who looks around."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{exporter.port}/admin", timeout=10)


def test_a_collector_that_raises_costs_one_scrape(exporter, troubles):
    """One of the application's own may: it is said, counted, and the server lives."""

    class Failing:
        """A collector with a fault."""

        def collect(self):
            raise RuntimeError("of the application")

        def describe(self):
            return []

    failing = Failing()
    exporter._registry.register(failing)
    with pytest.raises(urllib.error.HTTPError, match="500"):
        answered(exporter)
    exporter._registry.unregister(failing)
    assert (200, 1) == (answered(exporter), troubles()["prometheus.scrape"])
