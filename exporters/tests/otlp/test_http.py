"""The transport over real sockets: what is sent, what comes back, and what nothing else may change."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zlib

import pytest

from midspan.exporters._http._transport import HTTPTransport
from midspan.exporters.otlp import NotSentError, Request
from midspan.exporters.otlp._settings import Given, read_settings

REQUEST = Request(b"payload", {"content-type": "application/x-protobuf"})
LIMIT = 4 * 1024 * 1024


def transport(endpoint, **given):
    """Return a transport to an endpoint."""
    return HTTPTransport(read_settings(Given(endpoint=endpoint, **given), {}).endpoint)


def test_a_request_arrives_as_it_was_made(collector):
    """The path, the headers of the request and the configured ones, the body."""
    transport(collector.url, headers={"X-Tenant": "blue"}).send(REQUEST, 5)
    (received,) = collector.received
    assert ("/v1/traces", b"payload") == (received.path, received.body)
    wanted = {"content-type": "application/x-protobuf", "x-tenant": "blue", "accept-encoding": "identity"}
    assert wanted.items() <= received.headers.items()
    assert received.headers["user-agent"].startswith("midspan/")


def test_an_answer_is_handed_on(collector):
    """Status, headers by lower-case names, body."""
    collector.answer = (503, {"Retry-After": "7"}, b"later")
    answer = transport(collector.url).send(REQUEST, 5)
    assert (503, "7", b"later") == (answer.status, answer.headers["retry-after"], answer.body)


def test_requests_share_a_connection(collector):
    """What can be kept open is."""
    one = transport(collector.url)
    for _ in range(5):
        one.send(REQUEST, 5)
    assert (5, 1) == (len(collector.received), collector.connections)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(collector, status):
    """It could carry credentials wherever a collector says."""
    collector.answer = (status, {"location": f"{collector.url}/elsewhere"}, b"")
    answer = transport(collector.url, headers={"authorization": "Bearer x"}).send(REQUEST, 5)
    assert (status, 1) == (answer.status, len(collector.received))


def test_netrc_does_not_replace_a_configured_header(collector, tmp_path, monkeypatch):
    """Nor does it add one where none is configured."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HOME", str(tmp_path))
    transport(collector.url, headers={"authorization": "Bearer mine"}).send(REQUEST, 5)
    transport(collector.url).send(REQUEST, 5)
    assert ["Bearer mine", None] == [received.headers.get("authorization") for received in collector.received]


def test_variables_name_no_proxy(collector, monkeypatch):
    """A proxy is configured, or there is none."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert 200 == transport(collector.url).send(REQUEST, 5).status


def test_a_configured_proxy_is_used(collector):
    """It gets the whole URL."""
    transport("http://collector.invalid:4318", proxy=collector.url).send(REQUEST, 5)
    assert ["http://collector.invalid:4318/v1/traces"] == [received.path for received in collector.received]


def test_cookies_are_not_kept(collector):
    """A collector has no business remembering its clients."""
    collector.answer = (200, {"set-cookie": "id=1; Path=/"}, b"")
    one = transport(collector.url)
    for _ in range(2):
        one.send(REQUEST, 5)
    assert [None, None] == [received.headers.get("cookie") for received in collector.received]


def test_an_answer_without_end_is_cut(collector):
    """No more than 4 MiB are read."""
    collector.answer = (200, {}, b"x" * (LIMIT + 100_000))
    assert LIMIT == len(transport(collector.url).send(REQUEST, 20).body)


def test_a_bomb_does_not_go_off(collector):
    """Of what would decompress to 200 MB, nobody sees more than 4 MiB."""
    compressor = zlib.compressobj(wbits=31)
    bomb = b"".join([compressor.compress(bytes(1024 * 1024)) for _ in range(200)]) + compressor.flush()
    collector.answer = (200, {"content-encoding": "gzip"}, bomb)
    assert bytes(LIMIT) == transport(collector.url).send(REQUEST, 20).body


def test_an_answer_that_only_says_it_is_compressed_is_empty(collector):
    """The status stands."""
    collector.answer = (200, {"content-encoding": "gzip"}, b"plain")
    assert (200, b"") == transport(collector.url).send(REQUEST, 5)[::2]


def test_after_an_answer_that_was_cut_the_next_request_is_right(collector):
    """What was left unread is not taken for the next answer."""
    one = transport(collector.url)
    collector.answer = (200, {}, b"x" * (LIMIT + 100_000))
    one.send(REQUEST, 20)
    collector.answer = (503, {}, b"later")
    assert (503, b"later") == one.send(REQUEST, 5)[::2]


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx",
    ],
)
def test_a_server_that_speaks_no_http_is_an_error_and_nothing_else(collector, noise):
    """Garbage, or an answer that breaks off."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(noise)

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(NotSentError):
            transport(f"http://127.0.0.1:{listener.getsockname()[1]}").send(REQUEST, 5)
        thread.join()


def test_nobody_there_is_said_in_a_few_words():
    """The cause, not the library's account of it, which repeats the URL with what may be a token."""
    with pytest.raises(NotSentError) as caught:
        transport("http://127.0.0.1:1/?token=secret").send(REQUEST, 5)
    assert ("ConnectionRefusedError", False) == (
        str(caught.value).partition(":")[0],
        "secret" in str(caught.value),
    )
    assert not caught.value.permanent


def test_what_the_application_was_busy_with_is_not_told():
    """An exception that is being handled while spans are sent is none of the exporter's."""
    try:
        os.stat("the application's secret")  # noqa: PTH116 - any OSError serves
    except OSError:
        with pytest.raises(NotSentError) as caught:
            transport("http://127.0.0.1:1").send(REQUEST, 5)
    assert "secret" not in str(caught.value)


def test_a_host_that_can_be_none_is_permanent_and_not_repeated():
    """Of a URL that passed for one."""
    with pytest.raises(NotSentError, match=r"^the URL's host can be none$") as caught:
        transport("http://*.example.org/?token=secret").send(REQUEST, 5)
    assert caught.value.permanent


def test_after_close_nothing_is_sent(collector):
    """A closed transport says so, at once and for good."""
    one = transport(collector.url)
    one.send(REQUEST, 5)
    one.close()
    with pytest.raises(NotSentError, match="shut down") as caught:
        one.send(REQUEST, 5)
    assert (True, 1) == (caught.value.permanent, len(collector.received))


def test_threads_share_a_transport(collector):
    """Each gets its own answer."""
    one, answers = transport(collector.url), []
    threads = [
        threading.Thread(target=lambda: answers.extend(one.send(REQUEST, 20).status for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (160, [200] * 160) == (len(collector.received), answers)


FORKING = """
import os, sys
from midspan.exporters._http._transport import HTTPTransport
from midspan.exporters.otlp._settings import Given, read_settings
from midspan.exporters.otlp import Request
transport = HTTPTransport(read_settings(Given(endpoint=sys.argv[1]), {}).endpoint)
def send(body):
    return transport.send(Request(body, {}), 10).status == 200
good = send(b"parent")
for number in range(4):
    if not os.fork():
        done = all(send(b"child %d" % number) for _ in range(5))
        transport.close()
        os._exit(0 if done else 1)
good = send(b"parent") and good
codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)]
sys.exit(0 if send(b"parent") and good and not any(codes) else 1)
"""


def test_forked_children_have_connections_of_their_own(collector):
    """Parent and children send at once, and nobody reads another's answer."""
    environment = {**os.environ, "NO_PROXY": "*"}
    subprocess.run([sys.executable, "-c", FORKING, collector.url], env=environment, check=True, timeout=60)
    bodies = [received.body for received in collector.received]
    expected = {b"parent": 3, **{b"child %d" % number: 5 for number in range(4)}}
    assert (expected, 5) == ({body: bodies.count(body) for body in set(bodies)}, collector.connections)
