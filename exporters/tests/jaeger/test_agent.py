"""To an agent: datagrams of at most 65,000 bytes, of which nobody says whether they arrived."""

from __future__ import annotations

import errno
import socket

import pytest

from exporters.tests.jaeger.conftest import Agent
from midspan import sdk, trace
from midspan.delivery import Verdict
from midspan.exporters.jaeger import JaegerExporter, _agent
from midspan.exporters.jaeger._frames import split
from midspan.sdk import DeliverySettings

LIMIT = 65_000


def exporter(port, host="127.0.0.1"):
    """Return an exporter that nothing outside the test configures."""
    return JaegerExporter(agent_host=host, agent_port=port, environment={})


def configured(*exporters):
    """Configure with short pauses, so that a test need not wait, and without limits for values."""
    return sdk.configure(
        exporters=list(exporters),
        delivery=DeliverySettings(first_pause_s=0.01, longest_pause_s=0.02),
        limits=trace.SpanLimits(value_length=10_000_000),
        batch=sdk.BatchSettings(),
        environment={},
    )


def end_span(name, size=0):
    """End a span that takes about so many bytes."""
    trace.get_tracer("shop").start_span(name, attributes={"v": "x" * size}).end()


def test_what_is_too_much_for_a_datagram_goes_in_several(agent):
    """All spans arrive, once and in order, in datagrams that are well filled and none too large."""
    pipeline = configured(exporter(agent.port))
    names = [str(number) for number in range(300)]
    for name in names:
        end_span(name, 1_000)
    assert pipeline.force_flush(10)
    assert names == agent.names()
    sizes = [len(datagram) for datagram in agent.datagrams]
    assert max(sizes) <= LIMIT
    assert sum(sizes) / len(sizes) > LIMIT / 2
    stats = pipeline.stats().exporters["jaeger"]
    assert (300, 300, {}) == (stats.accepted, stats.exported, stats.dropped)


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_exact(agent, make_span, over):
    """A datagram of 65,000 bytes leaves; one of 65,001 does not."""
    one, span = exporter(agent.port), make_span("a")
    span.attributes["v"] = "x" * 60_000
    (frame,) = split(one.encode_spans([span]))
    span.attributes["v"] += "x" * (LIMIT - len(frame.message) + over)
    body = one.encode_spans([span])
    assert [LIMIT + over] == [len(frame.message) for frame in split(body)]
    verdict = Verdict.TOO_LARGE if over else Verdict.ACCEPTED
    assert verdict is one.send("spans", body, 5).verdict
    assert ([] if over else ["a"]) == agent.names()


def test_a_span_that_is_too_large_is_lost_alone(agent):
    """Those around it arrive."""
    pipeline = configured(exporter(agent.port))
    for name, size in (("a", 10), ("huge", 100_000), ("b", 10)):
        end_span(name, size)
    assert not pipeline.force_flush(10)
    assert ["a", "b"] == agent.names()
    stats = pipeline.stats().exporters["jaeger"]
    assert (2, {"too_large": 1}) == (stats.exported, stats.dropped)


def test_an_agent_on_this_machine_may_be_away_for_a_while(agent):
    """The system says that nobody listens; when the agent is back, everything arrives."""
    agent.close()
    pipeline = configured(exporter(agent.port))
    for name in ("a", "b"):
        end_span(name)
    assert not pipeline.force_flush(0.2)
    again = Agent(agent.port)
    try:
        assert pipeline.force_flush(10)
        assert ["a", "b"] == again.names()
    finally:
        again.close()


def test_a_name_with_several_addresses_is_tried_at_each(agent, monkeypatch):
    """An agent that listens on IPv4 alone is found under a name that means IPv6 first."""
    real = socket.getaddrinfo

    def both(host, port, **options):
        closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with closed:
            closed.bind(("127.0.0.1", 0))
            unused = closed.getsockname()[1]
        return [*real("127.0.0.1", unused, **options), *real("127.0.0.1", port, **options)]

    monkeypatch.setattr(_agent.socket, "getaddrinfo", both)
    pipeline = configured(exporter(agent.port, "agent.example"))
    end_span("a")
    assert pipeline.force_flush(5)
    assert ["a"] == agent.names()


def test_a_name_that_is_not_known_is_tried_again():
    """It may be known later."""
    one = exporter(6831, "no-such-host.invalid")
    body = one.encode_spans([])
    assert Verdict.ACCEPTED is one.send("spans", body, 1).verdict
    assert Verdict.RETRY is one._lane.deliver(b"x", 1).verdict


def test_what_the_system_finds_too_large_is_cut(make_span, monkeypatch):
    """Some systems take less than 65,000 bytes: half of the spans are tried then."""

    def too_long(*_):
        raise OSError(errno.EMSGSIZE, "Message too long")

    monkeypatch.setattr(_agent, "_send", too_long)
    one = exporter(6831)
    body = one.encode_spans([make_span("a"), make_span("b"), make_span("c")])
    assert Verdict.TOO_LARGE is one.send("spans", body, 1).verdict
    assert [1, 2] == [count for _, count in one.halve("spans", body)]


def test_it_says_where_it_sends_to():
    """In its repr and its address."""
    one = exporter(6831, "::1")
    assert "udp://[::1]:6831" == one.address
    assert "JaegerExporter('udp://[::1]:6831', udp/thrift.compact)" == repr(one)
