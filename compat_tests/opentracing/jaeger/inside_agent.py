"""A service that sent its spans to an agent with jaeger-client, and does so with the bridge and the exporter.

The same program runs on both, with the same variables. What an agent gets is decoded twice: by what
jaeger-client generated from Jaeger's own files, and by thriftpy2 from a description of ours.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jaeger_client
import opentracing
import pytest
import thriftpy2
from jaeger_client.thrift_gen.agent import Agent as Generated
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport.TTransport import TMemoryBuffer
from thriftpy2.protocol import TCompactProtocol as OtherProtocol
from thriftpy2.transport import TMemoryBuffer as OtherBuffer

from midspan import sdk
from midspan.bridges import opentracing as bridge

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
DESCRIBED = thriftpy2.load(str(ROOT / "exporters/tests/jaeger/jaeger.thrift"), module_name="described_thrift")
CONFIG = {"sampler": {"type": "const", "param": True}, "tags": {"region": "eu"}, "logging": False}
# The tags that one of both adds, as docs/exporters.md tells: ours name scope and status, and for a trace that
# was demanded there is the flag, beside which jaeger-client keeps the tag.
OURS = {"otel.scope.name", "otel.scope.version", "otel.status_code"}
THEIRS = {"sampling.priority"}


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket that the variables of jaeger-client name as the agent."""
    monkeypatch.setattr(jaeger_client.Config, "_initialized", False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(0.3)
        monkeypatch.setenv("JAEGER_AGENT_HOST", "127.0.0.1")
        monkeypatch.setenv("JAEGER_AGENT_PORT", str(agent.getsockname()[1]))
        monkeypatch.setenv("JAEGER_TAGS", "zone=b")
        yield agent
    bridge.uninstall()
    sdk.reset()


def program(tracer: Any) -> None:
    """Do what a service of that age does."""
    tags = {"span.kind": "server", "http.url": "/cart?é", "items": 3, "ratio": 0.5, "cached": False}
    with tracer.start_active_span("GET", tags=tags) as scope:
        scope.span.log_kv({"event": "lookup", "key": "cart:31", "hits": 2})
        with tracer.start_active_span("SELECT") as inner:
            inner.span.set_tag("span.kind", "client").set_tag("error", True)
        tracer.start_span("audit", references=[opentracing.follows_from(scope.span.context)]).finish()
        both = [opentracing.child_of(scope.span.context), opentracing.follows_from(inner.span.context)]
        tracer.start_span("join", references=both).finish()
    with tracer.start_active_span("demanded", ignore_active_span=True) as scope:
        scope.span.set_tag("sampling.priority", 1)
        tracer.start_span("below").finish()


def differing(tracer: Any) -> None:
    """Do what arrives in other words."""
    with tracer.start_active_span("other") as scope:
        scope.span.set_tag("error", False).set_tag("sampling.priority", 1)
        scope.span.log_kv({"key": "cart:31"})


def datagrams(agent: socket.socket) -> list[bytes]:
    """Return what the agent was sent."""
    received = []
    try:
        while True:
            received.append(agent.recv(65_536))
    except TimeoutError:
        return received


def generated(datagram: bytes) -> Any:
    """Return a batch as jaeger-client's own code reads it."""
    protocol = TCompactProtocol(TMemoryBuffer(datagram))
    assert "emitBatch" == protocol.readMessageBegin()[0]
    call = Generated.emitBatch_args()
    call.read(protocol)
    return call.batch


def described(datagram: bytes) -> Any:
    """Return a batch as thriftpy2 reads it."""
    protocol = OtherProtocol(OtherBuffer(datagram))
    assert "emitBatch" == protocol.read_message_begin()[0]
    call = DESCRIBED.Agent.emitBatch_args()
    protocol.read_struct(call)
    return call.batch


def tags_of(tags: Any) -> dict[str, Any]:
    """Return tags by key, each with its type."""
    return {
        tag.key: (tag.vType, [tag.vStr, tag.vDouble, tag.vBool, tag.vLong, tag.vBinary][tag.vType])
        for tag in tags or ()
    }


def shown(batches: list[Any]) -> dict[str, Any]:
    """Return spans by name, with names in place of ids, and without what differs from run to run."""
    spans = [span for batch in batches for span in batch.spans]
    names = {span.spanId: span.operationName for span in spans}
    traces = {span.traceIdLow: span.operationName for span in spans if not span.parentSpanId}
    found = {}
    for span in spans:
        references = {(reference.refType, names[reference.spanId]) for reference in span.references or ()}
        parent = names.get(span.parentSpanId)
        # Jaeger takes the parent for a CHILD_OF reference where there is none to it.
        if parent and parent not in [name for _, name in references]:
            references.add((0, parent))
        found[span.operationName] = {
            "trace": traces[span.traceIdLow],
            "parent": parent,
            "references": references,
            "flags": span.flags,
            "tags": {key: tag for key, tag in tags_of(span.tags).items() if key not in OURS | THEIRS},
            "logs": [tags_of(log.fields) for log in span.logs or ()],
        }
    return found


def theirs(agent: socket.socket, run: Any = program) -> list[bytes]:
    """Run a program on jaeger-client."""
    tracer = jaeger_client.Config(dict(CONFIG), service_name="shop", validate=False).new_tracer()
    run(tracer)
    closed = tracer.close()
    deadline = time.monotonic() + 5
    while not closed.done() and time.monotonic() < deadline:
        time.sleep(0.01)
    return datagrams(agent)


def ours(agent: socket.socket, run: Any = program) -> list[bytes]:
    """Run a program on the bridge, which takes over from jaeger-client as it starts up."""
    pipeline = sdk.configure(exporters=["jaeger"])
    bridge.install()
    tracer = jaeger_client.Config(dict(CONFIG), service_name="shop", validate=False).initialize_tracer()
    run(tracer)
    assert pipeline.force_flush(5)
    received = datagrams(agent)
    tracer.close()
    return received


@pytest.mark.parametrize("decode", [generated, described])
def test_an_agent_gets_what_jaeger_client_sent_it(agent: socket.socket, decode: Any) -> None:
    """Names, parents, references, flags, tags and logs of each span, and the service with its tags."""
    old, new = ([decode(datagram) for datagram in run(agent)] for run in (theirs, ours))
    assert {"GET", "SELECT", "audit", "join", "demanded", "below"} == set(shown(old))
    assert shown(old) == shown(new)
    for batches in (old, new):
        assert {"shop"} == {batch.process.serviceName for batch in batches}
        tags = [tags_of(batch.process.tags) for batch in batches]
        assert all({"region": (0, "eu"), "zone": (0, "b")}.items() <= each.items() for each in tags)


def test_what_differs_is_what_is_documented(agent: socket.socket) -> None:
    """In docs/exporters.md, below Jaeger's table."""
    (old,), (new,) = ([generated(datagram) for datagram in run(agent, differing)] for run in (theirs, ours))
    before, after = tags_of(old.spans[0].tags), tags_of(new.spans[0].tags)
    assert {"error": (2, False), "sampling.priority": (3, 1)}.items() <= before.items()
    assert (0, "OK") == after["otel.status_code"]
    assert before.keys() - after.keys() == {"error", "sampling.priority"}
    assert after.keys() - before.keys() <= OURS
    assert ({"key"}, {"key", "event"}) == tuple(
        {field.key for field in batch.spans[0].logs[0].fields} for batch in (old, new)
    )
    missing = tags_of(old.process.tags).keys() - tags_of(new.process.tags).keys()
    assert missing == {"hostname", "ip", "jaeger.version"}


def test_both_decoders_read_the_same(agent: socket.socket) -> None:
    """Of what jaeger-client sends, and of what we send."""
    for sent in (theirs(agent), ours(agent)):
        first, second = [*map(generated, sent)], [*map(described, sent)]
        assert shown(first) == shown(second) != {}
        processes = [[tags_of(batch.process.tags) for batch in batches] for batches in (first, second)]
        assert processes[0] == processes[1]
