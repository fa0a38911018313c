"""One deadline for the whole of a request, however a server draws it out."""

from __future__ import annotations

import socket

import pytest

from midspan.exporters._http._transport import HTTPTransport
from midspan.exporters.otlp import NotSentError, OTLPExporter, Request
from midspan.exporters.otlp._settings import Given, read_settings

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 1000\r\n\r\n"
TIMEOUT_S = 0.5
SLACK_S = 0.4  # the machine may be busy with something else


def send(url, body=b"payload"):
    """Send one request with half a second's time."""
    transport = HTTPTransport(read_settings(Given(endpoint=url), {}).endpoint)
    try:
        return transport.send(Request(body, {}), TIMEOUT_S)
    finally:
        transport.close()


@pytest.mark.parametrize(
    "options",
    [
        {"data": b""},
        {"data": HEAD * 10, "at_once": 1},
        {"data": HEAD + b"x" * 1000, "at_once": len(HEAD)},
        {"data": HEAD + b"x" * 1000, "at_once": len(HEAD) + 1},
        {"data": b"HTTP/1.1 200 OK\r\n" + b"x-filler: y\r\n" * 90, "at_once": 12},
        {"data": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, "at_once": 25, "pause_s": 0.01},
        {
            "data": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 999,
            "at_once": 6,
        },
    ],
    ids=[
        "silent",
        "head in drips",
        "no body",
        "body in drips",
        "endless head",
        "always continue",
        "drips in chunks",
    ],
)
def test_a_slow_answer_ends_with_the_deadline(speak, elapsed, options):
    """Each wait is short, and their sum is what counts."""
    url = speak(**options)
    with pytest.raises(NotSentError, match=r"no complete answer within 0.5 s") as caught:
        send(url)
    assert not caught.value.permanent
    assert TIMEOUT_S - 0.05 <= elapsed() <= TIMEOUT_S + SLACK_S


def test_a_server_that_does_not_take_the_request_ends_with_the_deadline(speak, elapsed):
    """Sending waits, too."""
    url = speak(b"", reads=False)
    with pytest.raises(NotSentError, match="no complete answer"):
        send(url, bytes(50_000_000))
    assert elapsed() <= TIMEOUT_S + SLACK_S


def test_a_handshake_without_end_ends_with_the_deadline(speak, elapsed):
    """A port that speaks no TLS, and does not say so."""
    url = speak(b"").replace("http://", "https://")
    with pytest.raises(NotSentError, match="no complete answer"):
        send(url)
    assert elapsed() <= TIMEOUT_S + SLACK_S


def test_several_addresses_share_the_time(monkeypatch, elapsed):
    """A host with five addresses of which none answers does not take five times as long."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    # With the queue of the listener full, further connections wait.
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:
        each.setblocking(False)
        each.connect_ex(("127.0.0.1", port))
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * 5)
    try:
        with pytest.raises(NotSentError, match="no complete answer"):
            send("http://collector.invalid:4318")
        assert TIMEOUT_S - 0.05 <= elapsed() <= TIMEOUT_S + SLACK_S
    finally:
        for each in [*waiting, full]:
            each.close()


def test_a_name_that_does_not_resolve_is_an_error(monkeypatch):
    """Said as what it is."""

    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NotSentError, match="gaierror"):
        send("http://collector.invalid:4318")


@pytest.mark.parametrize(("configured", "asked"), [(0.3, 5), (5, 0.3), (0.3, None)])
def test_the_shorter_of_two_timeouts_holds(speak, elapsed, make_span, configured, asked):
    """What is configured for a request, and what the pipeline leaves for it."""
    exporter = OTLPExporter(speak(b""), timeout_s=configured, environment={})
    assert exporter.export_spans([make_span()], timeout_s=asked) is False
    assert 0.25 <= elapsed() <= 0.3 + SLACK_S
