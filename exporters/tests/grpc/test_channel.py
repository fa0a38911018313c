"""One call: what arrives, what comes back, and what is made of it."""

from __future__ import annotations

import base64
import gzip
import threading

import grpc

from exporters.tests.grpc.server import fails
from midspan import trace
from midspan.exporters._grpc import Reply, Target, grpc_channel

METHOD = "/package.Service/Method"


def call(server, body=b"body", timeout_s=5.0, **target):
    """Call a method once."""
    channel = grpc_channel(Target(server.address, **target), "grpc")
    try:
        return channel.call(METHOD, body, timeout_s)
    finally:
        channel.close()


def test_bytes_arrive_as_they_are_and_so_does_the_answer(server):
    """Nothing in between knows what they mean."""
    server.answer = lambda called, _: called.body[::-1]
    assert Reply("OK", "", (b"\x00\xff",)) == call(server, b"\xff\x00")
    assert [(METHOD, b"\xff\x00")] == [(called.method, called.body) for called in server.called]


def test_metadata_goes_with_each_call(server):
    """Text as text, bytes as bytes, and who calls."""
    call(server, metadata=(("tenant", "a b"), ("key-bin", b"\x00\xff")))
    metadata = server.called[0].metadata
    assert ("a b", b"\x00\xff") == (metadata["tenant"], metadata["key-bin"])
    assert metadata["user-agent"].startswith("midspan/")


def test_a_method_may_stream_its_answers(server):
    """All are taken, in their order; the other side sees one message, and the end."""
    seen = []

    def serve(bodies, _):
        seen.extend(bodies)
        yield b"one"
        yield b"two"

    server.service = lambda _: grpc.stream_stream_rpc_method_handler(serve)
    assert (Reply("OK", "", (b"one", b"two")), [b"body"]) == (call(server), seen)


def test_a_stream_without_end_is_left(server):
    """After four megabytes: an answer that is larger is none."""

    def serve(*_):
        while True:
            yield bytes(1_000_000)

    server.service = lambda _: grpc.unary_stream_rpc_method_handler(serve)
    assert Reply("CANCELLED", "the answer has no end", is_final=True) == call(server)


def test_an_answer_may_be_large_but_not_larger_than_four_mebibytes(server):
    """What is larger is not taken off the wire, and not asked for again."""
    server.answer = lambda *_: bytes(4 * 1024 * 1024)
    assert "OK" == call(server).code
    server.answer = lambda *_: bytes(4 * 1024 * 1024 + 1)
    reply = call(server)
    assert ("RESOURCE_EXHAUSTED", True) == (reply.code, reply.is_final)


def test_a_request_may_be_as_large_as_the_server_allows(start):
    """The limit is the server's to set."""
    server = start(options=(("grpc.max_receive_message_length", -1),))
    assert ("OK", 20_000_000) == (call(server, bytes(20_000_000)).code, len(server.called[0].body))


def test_a_request_is_compressed_if_that_is_wanted(start):
    """A server that takes a kilobyte gets a megabyte of zeros."""
    server = start(options=(("grpc.max_receive_message_length", 2_000_000),))
    body = bytes(1_000_000)
    assert "OK" == call(server, body, compression="gzip").code
    assert (body, "gzip") == (server.called[0].body, server.called[0].metadata.get("grpc-encoding", "gzip"))
    assert len(gzip.compress(body)) < 2_000


def test_a_status_comes_with_its_message_and_details(server):
    """As the server has said them."""
    server.answer = fails(grpc.StatusCode.ABORTED, "later", b"\x08\x0a")
    assert Reply("ABORTED", "later", (), b"\x08\x0a") == call(server)


def test_a_target_that_nobody_listens_on_is_unavailable(server):
    """At once, and without a word on standard error."""
    server.close()
    reply = call(server)
    assert ("UNAVAILABLE", False) == (reply.code, reply.is_final)


def test_after_a_failure_the_next_call_finds_a_server_that_is_back(start):
    """Without the pauses that gRPC makes by itself."""
    first = start()
    channel = grpc_channel(Target(first.address), "grpc")
    assert "OK" == channel.call(METHOD, b"", 5).code
    first.close()
    for _ in range(10):
        assert "UNAVAILABLE" == channel.call(METHOD, b"", 5).code
    start(first.address)
    assert "OK" == channel.call(METHOD, b"", 5).code
    channel.close()


def test_a_closed_channel_calls_nobody(server):
    """And says that it is final."""
    channel = grpc_channel(Target(server.address), "grpc")
    channel.call(METHOD, b"", 5)
    channel.close()
    assert Reply("CANCELLED", "the exporter was shut down", is_final=True) == channel.call(METHOD, b"", 5)
    assert 1 == len(server.called)


def test_metadata_that_can_be_in_no_call_is_not_told(server):
    """It is refused where it is configured; what comes through all the same fails, and stays secret."""
    reply = call(server, metadata=(("key", "secret\n"),))
    assert ("INTERNAL", False) == (reply.code, "secret" in reply.message)


def test_a_connection_that_another_call_has_closed_costs_an_attempt(server):
    """gRPC raises then; the next call has a connection of its own."""
    channel = grpc_channel(Target(server.address), "grpc")
    assert "OK" == channel.call(METHOD, b"", 5).code
    channel._connection.give_up()
    assert Reply("CANCELLED", "ValueError") == channel.call(METHOD, b"", 5)
    assert "OK" == channel.call(METHOD, b"", 5).code
    channel.close()


def test_threads_that_make_the_first_call_at_once_share_a_connection(server):
    """Whichever was faster."""
    channel, replies = grpc_channel(Target(server.address), "grpc"), []
    threads = [
        threading.Thread(target=lambda: replies.append(channel.call(METHOD, b"", 10).code)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel.close()
    assert ["OK"] * 8 == replies


def test_a_call_of_ours_is_not_traced(server, monkeypatch):
    """Whoever instruments gRPC finds tracing suppressed in it."""
    seen = []
    from midspan.exporters._grpc import _channel

    plain = _channel.grpc.insecure_channel

    def watched(*arguments):
        seen.append(trace.is_suppressed())
        return plain(*arguments)

    monkeypatch.setattr(_channel.grpc, "insecure_channel", watched)
    call(server)
    assert [True] == seen


def test_the_variables_of_the_environment_name_no_proxy(server, monkeypatch):
    """A proxy is explicit."""
    for name in ("grpc_proxy", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert "OK" == call(server).code


def test_a_proxy_that_was_given_is_used(server, tunnel):
    """It is asked for a tunnel to the target."""
    proxy = tunnel(int(server.address.rpartition(":")[2]))
    assert "OK" == call(server, proxy=proxy.url).code
    assert [f"CONNECT {server.address} HTTP/1.1"] == proxy.asked


def test_a_unix_socket_is_a_target(start, tmp_path):
    """No port, no network."""
    server = start(f"unix:{tmp_path}/collector.sock")
    assert "OK" == call(server).code


def test_a_server_that_answers_in_http_is_a_failure(speak):
    """Text where gRPC has frames."""
    url = speak(b"HTTP/1.1 400 Bad Request\r\n\r\n", at_once=100)

    class Speaker:
        address = url.removeprefix("http://")

    assert "UNAVAILABLE" == call(Speaker, timeout_s=2).code


def test_metadata_of_an_answer_is_bounded(server):
    """A server that says a megabyte in its trailers is cut off by gRPC."""
    server.answer = fails(grpc.StatusCode.ABORTED, "x", base64.b64encode(bytes(1_000_000)))
    assert "ABORTED" != call(server).code
