"""grpc: channels and servers of bytes over loopback."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc

import grpc
import pytest
from _grpc_service import NAME, Service, call, served, serving

from midspan import context, propagation, sdk, trace
from midspan.exporters.otlp import OTLPExporter
from midspan.integrations import grpc as integration
from midspan.propagation.opencensus_binary import OpenCensusBinary
from midspan.propagation.opencensus_tags import OpenCensusTags
from midspan.trace import SpanKind, StatusCode

PARTS = [b"a", b"b"]


@pytest.fixture(autouse=True)
def _fresh(memory):
    yield
    integration.uninstrument()
    propagation.set_global(None)


@pytest.fixture
def service():
    """Return a service, which keeps what it saw."""
    return Service()


@pytest.fixture
def both(spans):
    """Return a function that waits until there are `count` spans: a call's end may be told a moment later."""

    def waited(count=2):
        deadline = time.monotonic() + 5
        while len(spans()) < count and time.monotonic() < deadline:
            time.sleep(0.002)
        found = spans()
        assert count == len(found), found
        return found

    return waited


def test_a_call_is_a_span_on_both_sides_of_one_trace(service, both):
    """Names, kinds, attributes; the server's is a child of the client's, and current in the service."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        assert b"<x>" == call(channel, "unary_unary")(b"x")
    client, server = both()
    host, _, port = address.rpartition(":")
    method = {"rpc.system.name": "grpc", "rpc.method": "shop.Cart/unary_unary"}
    assert (SpanKind.CLIENT, SpanKind.SERVER) == (client.kind, server.kind)
    assert {"shop.Cart/unary_unary"} == {client.name, server.name}
    assert {
        **method,
        "server.address": host,
        "server.port": int(port),
        "rpc.response.status_code": "OK",
    } == client.attributes
    assert (client.context.span_id, "midspan.integrations.grpc") == (server.parent.span_id, server.scope.name)
    told = dict(server.attributes)
    assert isinstance(told.pop("client.port"), int)
    assert {**method, "client.address": "127.0.0.1", "rpc.response.status_code": "OK"} == told
    assert [server.context] == service.current


@pytest.mark.parametrize(
    ("shape", "request_", "answer"),
    [
        ("unary_stream", b"x", [b"0", b"1", b"2"]),
        ("stream_unary", PARTS, b"ab"),
        ("stream_stream", PARTS, PARTS),
    ],
)
def test_a_stream_is_one_span_on_each_side(service, both, shape, request_, answer):
    """Whichever side streams, and the server's is current in each step of what serves it."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        given = iter(request_) if isinstance(request_, list) else request_
        got = call(channel, shape)(given)
        assert answer == (got if isinstance(got, bytes) else list(got))
    client, server = both()
    assert client.context.span_id == server.parent.span_id
    assert {server.context} == set(service.current)
    assert ["OK", "OK"] == [span.attributes["rpc.response.status_code"] for span in (client, server)]


@pytest.mark.parametrize("shape", ["unary_unary", "stream_unary"])
def test_futures_and_with_call_are_recorded_alike(service, both, shape):
    """A future's span ends when the future is done; what they return is gRPC's own."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        made = call(channel, shape)
        asked = (lambda: iter(PARTS)) if shape == "stream_unary" else (lambda: b"x")
        future = made.future(asked())
        answer, outcome = made.with_call(asked())
        assert (future.result(), grpc.StatusCode.OK) == (answer, outcome.code())
    assert 2 == len([span for span in both(4) if span.kind is SpanKind.CLIENT])


@pytest.mark.parametrize(
    ("request_", "code", "client_error", "server_error", "description"),
    [
        (b"raise", "UNKNOWN", "UNKNOWN", "KeyError", None),
        (b"bare", "UNKNOWN", "UNKNOWN", "Exception", None),
        (b"abort NOT_FOUND", "NOT_FOUND", "NOT_FOUND", None, None),
        (b"abort INTERNAL", "INTERNAL", "INTERNAL", "INTERNAL", "sold out"),
        (b"set DATA_LOSS", "DATA_LOSS", "DATA_LOSS", "DATA_LOSS", ""),
        (b"set INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT", None, None),
    ],
)
@pytest.mark.parametrize("shape", ["unary_unary", "unary_stream"])
def test_what_fails_is_an_error_to_whom_it_is_one(  # noqa: PLR0913 - the columns of a table
    service, both, points, shape, request_, code, client_error, server_error, description
):
    """Every status but OK to a client; to a server, what it is to blame for. Without secrets."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            list(call(channel, shape)(request_))
        assert code == caught.value.code().name
    client, server = both()
    assert [code, code] == [span.attributes["rpc.response.status_code"] for span in (client, server)]
    assert (StatusCode.ERROR, client_error) == (client.status.code, client.attributes["error.type"])
    failed = server.status.code is StatusCode.ERROR
    assert (server_error is not None, server_error) == (failed, server.attributes.get("error.type"))
    if description is not None:
        assert server.status.description.startswith(description)
    shown = [[dict(event.attributes) for event in span.events] for span in (client, server)]
    assert "hunter2" not in str([shown, client.status, server.status, client.attributes, server.attributes])
    (measured,) = points("rpc.server.call.duration")
    assert (code, server_error) == (measured["rpc.response.status_code"], measured.get("error.type"))


def test_metrics_hold_no_clients_address(service, both, points):
    """What is measured: the method, the status, and where the client sent it."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x")
    both()
    (client,), (server,) = points("rpc.client.call.duration"), points("rpc.server.call.duration")
    common = {"rpc.system.name", "rpc.method", "rpc.response.status_code"}
    assert (common | {"server.address", "server.port"}, common) == (set(client), set(server))


def test_a_deadline_that_passes_ends_the_span(service, both):
    """The client's says so; the server's is told that its client waits no longer."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        stream = call(channel, "unary_stream")(b"endless", timeout=0.1)
        with pytest.raises(grpc.RpcError):
            list(stream)
        assert service.left.wait(5)
    client, _ = both()
    assert "DEADLINE_EXCEEDED" == client.attributes["rpc.response.status_code"]


@pytest.mark.parametrize("way", ["cancel", "drop"])
def test_a_stream_that_is_left_ends_its_spans(service, both, way):
    """Cancelled, or garbage: the stream is not kept alive by being recorded."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        stream = call(channel, "unary_stream")(b"endless")
        assert b"0" == next(stream)
        if way == "cancel":
            stream.cancel()
        del stream
        gc.collect()
        assert service.left.wait(5)
        client, server = both()
    assert ["CANCELLED", "CANCELLED"] == [
        span.attributes["rpc.response.status_code"] for span in (client, server)
    ]
    assert (StatusCode.ERROR, StatusCode.UNSET) == (client.status.code, server.status.code)


def test_the_applications_metadata_is_sent_and_stays_as_it_is(service, both):
    """The trace is added to a copy; a header of the same name is replaced in it."""
    integration.instrument()
    given = [("tenant", "acme"), ("traceparent", "mine")]
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x", metadata=given)
    both()
    (got,) = service.metadata
    assert [("tenant", "acme"), ("traceparent", "mine")] == given
    assert ("acme", 4) == (got["tenant"], len(got["traceparent"].split("-")))


@pytest.mark.parametrize("kind", [tuple, list, iter], ids=lambda kind: kind.__name__)
def test_metadata_of_any_kind_is_sent(service, both, kind):
    """Whatever can be gone through once; and without its name, where gRPC takes it so."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x", 5, kind([("tenant", "acme")]))
    both()
    assert ("acme", True) == (service.metadata[0]["tenant"], "traceparent" in service.metadata[0])


def test_baggage_that_cannot_be_metadata_does_not_fail_the_call(service, both):
    """Jaeger's baggage has names of the application's choice: one that gRPC refuses is left out."""
    propagation.set_global(propagation.by_name(["jaeger"]))
    integration.instrument()
    odd = context.EMPTY.with_baggage({"good": "1", "bäd key": "2"})
    with (
        served(service) as address,
        grpc.insecure_channel(address) as channel,
        context.attached(odd),
    ):
        assert b"<x>" == call(channel, "unary_unary")(b"x")
    both()
    assert "1" == service.metadata[0]["uberctx-good"]


def test_legacy_binary_headers_are_bytes(service, both):
    """As gRPC wants them. They go out to servers in any language; grpcio keeps both from those in Python."""
    propagation.set_global(propagation.Composite([OpenCensusBinary(), OpenCensusTags()]))
    integration.instrument()
    sent = []

    class Watch(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            sent.extend(details.metadata)
            return continuation(details, request)

    with served(service) as address, grpc.insecure_channel(address) as bare:
        channel = grpc.intercept_channel(bare, integration.client_interceptor(address), Watch())
        with context.attached(context.EMPTY.with_baggage({"tenant": "acme"})):
            call(channel, "unary_unary")(b"x")
    both()
    assert {"grpc-trace-bin": 29, "grpc-tags-bin": 14} == {key: len(value) for key, value in sent}
    assert {bytes} == {type(value) for _, value in sent}
    assert [] == [key for key in service.metadata[0] if key.endswith("-bin")]


def test_a_pool_thread_is_left_as_it_was(service, both):
    """The same thread serves the next call, of another trace."""
    integration.instrument()
    with served(service, workers=1) as address, grpc.insecure_channel(address) as channel:
        for shape in ("unary_unary", "unary_stream", "unary_unary"):
            list(call(channel, shape)(b"x"))
    traces = {span.context.trace_id for span in both(6)}
    servers = [span for span in both(6) if span.kind is SpanKind.SERVER]
    assert (3, 3) == (len(traces), len({span.parent.span_id for span in servers}))


def test_a_method_that_is_not_there_is_recorded_without_its_name(service, both, points):
    """Clients can make up any number of names; only an attribute of the span has what it was."""
    integration.instrument()
    with (
        served(service) as address,
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError),
    ):
        channel.unary_unary("/made/up")(b"x")
    _, server = both()
    assert ("_OTHER", "made/up", StatusCode.ERROR) == (
        server.name,
        server.attributes["rpc.method_original"],
        server.status.code,
    )
    assert ["_OTHER"] == [point["rpc.method"] for point in points("rpc.server.call.duration")]


def test_excluded_methods_are_neither_recorded_nor_given_the_trace(service, spans):
    """Health checks, say: a regular expression anywhere in the method is enough."""
    integration.instrument(excluded_methods=["unary_"])
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x")
    assert ([], False) == (spans(), "traceparent" in service.metadata[0])


def test_one_channel_can_be_instrumented_alone(service, spans):
    """Another one's calls, and the server's, are not recorded; its own no longer after uninstrument."""
    with (
        served(service) as address,
        grpc.insecure_channel(address) as one,
        grpc.insecure_channel(address) as other,
    ):
        integration.instrument(one)
        made = call(one, "unary_unary")
        made(b"x")
        call(other, "unary_unary")(b"x")
        integration.uninstrument(one)
        made(b"x")
        call(one, "unary_unary")(b"x")
    (span,) = spans()
    assert (SpanKind.CLIENT, address.partition(":")[0]) == (span.kind, span.attributes["server.address"])


def test_one_channel_may_be_of_another_kind(service, both):
    """One with interceptors is recorded, above them; what cannot be recorded is called as before."""

    class Own:
        def unary_unary(self, method):
            return bytes

        unary_stream = stream_unary = stream_stream = unary_unary

    class Below(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            return continuation(details, request)

    own = Own()
    integration.instrument(own)
    assert b"x" == call(own, "unary_unary")(b"x")
    with served(service) as address, grpc.insecure_channel(address) as bare:
        channel = grpc.intercept_channel(bare, Below())
        integration.instrument(channel)
        assert b"<x>" == call(channel, "unary_unary")(b"x")
    assert "traceparent" in service.metadata[0]
    both(1)


def test_interceptors_can_be_placed_by_hand(service, both):
    """With the whole library instrumented besides, there is one span on each side still."""
    integration.instrument()
    with (
        served(service, [integration.server_interceptor()]) as address,
        grpc.insecure_channel(address) as bare,
    ):
        channel = grpc.intercept_channel(bare, integration.client_interceptor(address))
        assert b"<x>" == call(channel, "unary_unary")(b"x")
        assert 3 == len(list(call(channel, "unary_stream")(b"x")))
    assert 4 == len(both(4))


def test_details_of_an_applications_own_class_are_taken(service, both):
    """An interceptor above may hand down anything with the right attributes, or with some of them."""

    class Details:
        method = f"/{NAME}/unary_unary"

    class Above(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, details, request):
            return continuation(Details(), request)

    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as bare:
        channel = grpc.intercept_channel(bare, Above())
        assert b"<x>" == call(channel, "unary_unary")(b"x")
    both()


def test_hooks_get_grpcs_own_objects(service, both):
    """One at the beginning and one at the end, on both sides; one that raises fails no call."""
    seen = []

    def ended(span, found, status):
        seen.append((type(found).__name__, status))
        raise ValueError

    integration.instrument(
        request_hook=lambda span, found: span.set_attribute("app.seen", True), response_hook=ended
    )
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x")
    assert [True, True] == [span.attributes["app.seen"] for span in both()]
    assert {("_ClientCallDetails", "OK"), ("_Context", "OK")} == set(seen)


def test_legacy_names_for_old_dashboards(service, both, points):
    """Of the conventions before: the service apart, the status a number, durations in milliseconds."""
    integration.instrument(semconv="legacy")
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x")
    client, _ = both()
    expected = {
        "rpc.system": "grpc",
        "rpc.service": NAME,
        "rpc.method": "unary_unary",
        "rpc.grpc.status_code": 0,
    }
    assert expected == {key: value for key, value in client.attributes.items() if key.startswith("rpc.")}
    assert (1, 0) == (len(points("rpc.client.duration")), len(points("rpc.client.call.duration")))


def test_nothing_is_recorded_or_sent_where_tracing_is_suppressed(service, spans):
    """Not by a callable that was made before."""
    integration.instrument()
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        made = call(channel, "unary_unary")
        with trace.suppressed(), pytest.raises(grpc.RpcError):
            made(b"x", timeout=0.2)
    assert [] == spans()


def test_a_call_on_a_closed_channel_raises_as_before(spans):
    """The error is gRPC's own, and recorded."""
    integration.instrument()
    channel = grpc.insecure_channel("127.0.0.1:1")
    made = call(channel, "unary_unary")
    channel.close()
    with pytest.raises(ValueError, match="closed channel"):
        made(b"x")
    (span,) = spans()
    assert "ValueError" == span.attributes["error.type"]


def _types_of(address):
    """Return what the ways of calling return, and when they raise."""
    found = []
    with grpc.insecure_channel(address) as channel:
        made = [call(channel, shape) for shape in ("unary_unary", "stream_unary", "unary_stream")]
        unary, gathering, streaming = made
        found += [unary.with_call(b"x")[1], unary.future(b"x"), gathering.with_call(iter(PARTS))[1]]
        found += [*made, stream := streaming(b"x")]
        list(stream)
        for act in (lambda: unary("no bytes"), lambda: unary(b"x", 1, timeout=2), lambda: unary(b"raise")):
            with pytest.raises(Exception, match=r".") as caught:
                act()
            found.append(caught.value)
    # Not when it is read: when it is made.
    with pytest.raises(ValueError, match="hannel closed") as caught:
        streaming(b"x")
    return [(type(each).__module__, type(each).__qualname__) for each in (*found, caught.value)]


def test_what_grpc_returns_and_raises_stays_what_it_was(service):
    """The same classes by name, in the same places."""
    with served(service) as address:
        before = _types_of(address)
        integration.instrument()
        assert before == _types_of(address)


def test_an_interceptor_that_raises_is_the_servers_failure(service, both):
    """Nobody serves the call then: what it is called may be made up."""

    class Broken(grpc.ServerInterceptor):
        def intercept_service(self, continuation, details):
            raise KeyError

    integration.instrument()
    with (
        served(service, [Broken()]) as address,
        grpc.insecure_channel(address) as channel,
        pytest.raises(grpc.RpcError),
    ):
        call(channel, "unary_unary")(b"x")
    _, server = both()
    assert ("_OTHER", "KeyError", "UNKNOWN") == (
        server.name,
        server.attributes["error.type"],
        server.attributes["rpc.response.status_code"],
    )


def test_a_stream_goes_on_where_recording_was_turned_off(service, both):
    """Its spans end with it."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        stream = call(channel, "unary_stream")(b"endless")
        assert b"0" == next(stream)
        integration.uninstrument()
        assert b"1" == next(stream)
        stream.cancel()
    assert ["CANCELLED", "CANCELLED"] == [span.attributes["rpc.response.status_code"] for span in both()]


def test_an_endless_stream_takes_no_memory_for_each_message(service):
    """On neither side."""
    integration.instrument()
    with served(service) as address, grpc.insecure_channel(address) as channel:
        stream = call(channel, "unary_stream")(b"endless")
        taken = []
        tracemalloc.start()
        for _ in range(3):
            for _ in range(2000):
                next(stream)
            gc.collect()
            taken.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        stream.cancel()
    # A single reference kept of each would be 16,000.
    assert taken[2] - taken[1] < 8000


def test_what_an_exporter_calls_is_grpcs_own():
    """It is suppressed where it makes what it calls; a channel itself is never another object."""
    before = grpc.insecure_channel("127.0.0.1:1")
    own = type(call(before, "unary_stream"))
    integration.instrument()
    with grpc.insecure_channel("127.0.0.1:1") as channel, trace.suppressed():
        assert (type(before), own) == (type(channel), type(call(channel, "unary_stream")))
    before.close()


def test_an_exporter_over_grpc_makes_no_spans(memory, spans):
    """Its channel is gRPC's own, and what it sends is not recorded."""
    arrived = threading.Event()
    metadata = []

    def export(request, context):
        metadata.append(dict(context.invocation_metadata()))
        arrived.set()
        return b""

    name = "opentelemetry.proto.collector.trace.v1.TraceService"
    methods = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    with serving((grpc.method_handlers_generic_handler(name, methods),)) as address:
        # Not before: the collector's own calls are not what this is about.
        integration.instrument()
        sdk.configure(exporters=[memory, OTLPExporter(endpoint=f"http://{address}", protocol="grpc")])
        trace.get_tracer("t").start_span("work").end()
        assert sdk.get_pipeline().force_flush(timeout_s=5)
    assert (True, ["work"]) == (arrived.is_set(), [span.name for span in memory.spans])
    assert "traceparent" not in metadata[0]


def test_uninstrument_restores_what_was_there():
    """Channels and servers have their own functions again, also after instrumenting twice."""
    from grpc import _channel, _server
    from grpc.aio import _channel as aio_channel
    from grpc.aio import _server as aio_server

    owners = (_channel.Channel, _server._Server, aio_channel.Channel, aio_server.Server)
    before = [dict(vars(owner)) for owner in owners]
    integration.instrument()
    integration.instrument(semconv="both")
    integration.uninstrument()
    assert before == [dict(vars(owner)) for owner in owners]


@pytest.mark.parametrize("inbound", ["link", "ignore"])
def test_a_caller_that_is_not_trusted_does_not_decide_the_trace(service, both, inbound):
    """For servers that face the public."""
    integration.instrument(inbound=inbound)
    with served(service) as address, grpc.insecure_channel(address) as channel:
        call(channel, "unary_unary")(b"x")
    client, server = both()
    links = [link.context.span_id for link in server.links]
    assert (None, [client.context.span_id] if inbound == "link" else []) == (server.parent, links)
