"""grpc.aio: channels and servers of bytes over loopback."""

from __future__ import annotations

import asyncio
import gc

import grpc
import pytest
from _grpc_service import AioService, Service, WritingService, aio_served, call
from grpc.aio import _channel

from midspan import trace
from midspan.integrations import grpc as integration
from midspan.trace import SpanKind, StatusCode

PARTS = [b"a", b"b"]
# Newer versions keep every call alive until it has ended, whether anybody waits for it or not.
KEEPS_CALLS = hasattr(_channel.Channel, "_register_call")


@pytest.fixture(autouse=True)
def _fresh(memory):
    yield
    integration.uninstrument()


@pytest.fixture
def service():
    """Return a service, which keeps what it saw."""
    return AioService()


@pytest.fixture
def both(spans):
    """Return a coroutine function that waits until there are `count` spans, and returns them."""

    async def waited(count=2):
        for _ in range(500):
            if len(spans()) >= count:
                break
            # What ends a call runs in this loop.
            await asyncio.sleep(0.01)
        found = spans()
        assert count == len(found), found
        return found

    return waited


async def answered(made, request):
    """Return all that a call answers."""
    outcome = made(request)
    if hasattr(outcome, "__aiter__"):
        return [each async for each in outcome]
    return await outcome


async def drained(stream):
    """Read a stream to its end."""
    while await stream.read() is not grpc.aio.EOF:
        pass


def test_a_call_is_a_span_on_both_sides_of_one_trace(service, both):
    """Names, kinds, attributes; the server's is a child of the client's, and current in the service."""

    async def main():
        integration.instrument()
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            with trace.get_tracer("t").start_as_current_span("work") as work:
                assert b"<x>" == await call(channel, "unary_unary")(b"x")
            _, client, server = await both(3)
        host, _, port = address.rpartition(":")
        assert (SpanKind.CLIENT, SpanKind.SERVER) == (client.kind, server.kind)
        assert {
            "rpc.system.name": "grpc",
            "rpc.method": "shop.Cart/unary_unary",
            "server.address": host,
            "server.port": int(port),
            "rpc.response.status_code": "OK",
        } == client.attributes
        assert (work.context, client.context.span_id) == (client.parent, server.parent.span_id)
        assert ("127.0.0.1", "OK") == (
            server.attributes["client.address"],
            server.attributes["rpc.response.status_code"],
        )
        assert [server.context] == service.current

    asyncio.run(main())


@pytest.mark.parametrize(
    ("shape", "request_", "answer"),
    [
        ("unary_stream", b"x", [b"0", b"1", b"2"]),
        ("stream_unary", PARTS, b"ab"),
        ("stream_stream", PARTS, PARTS),
    ],
)
@pytest.mark.parametrize("kind", [AioService, Service])
def test_a_stream_is_one_span_on_each_side(both, kind, shape, request_, answer):
    """Whichever side streams, with coroutines and with plain functions in a pool."""
    service = kind()

    async def main():
        integration.instrument()
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            given = iter(request_) if isinstance(request_, list) else request_
            assert answer == await answered(call(channel, shape), given)
            client, server = await both()
        assert client.context.span_id == server.parent.span_id
        assert {server.context} == set(service.current)
        assert ["OK", "OK"] == [span.attributes["rpc.response.status_code"] for span in (client, server)]

    asyncio.run(main())


def test_a_service_that_writes_its_answers_is_recorded(both):
    """By `context.write`, in a coroutine."""

    async def main():
        integration.instrument()
        async with aio_served(WritingService()) as address, grpc.aio.insecure_channel(address) as channel:
            assert [b"0", b"1", b"2"] == await answered(call(channel, "unary_stream"), b"x")
            await both()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("request_", "code", "server_error"),
    [
        (b"raise", "UNKNOWN", "KeyError"),
        (b"bare", "UNKNOWN", "Exception"),
        (b"abort NOT_FOUND", "NOT_FOUND", None),
        (b"abort INTERNAL", "INTERNAL", "INTERNAL"),
        (b"set DATA_LOSS", "DATA_LOSS", "DATA_LOSS"),
        (b"set INVALID_ARGUMENT", "INVALID_ARGUMENT", None),
    ],
)
@pytest.mark.parametrize("kind", [AioService, Service])
def test_what_fails_is_an_error_to_whom_it_is_one(both, kind, request_, code, server_error):
    """Every status but OK to a client; to a server, what it is to blame for, in coroutines and in threads."""

    async def main():
        integration.instrument()
        async with aio_served(kind()) as address, grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(channel, "unary_unary")(request_)
            assert code == caught.value.code().name
            client, server = await both()
        assert [code, code] == [span.attributes["rpc.response.status_code"] for span in (client, server)]
        assert (StatusCode.ERROR, code) == (client.status.code, client.attributes["error.type"])
        failed = server.status.code is StatusCode.ERROR
        assert (server_error is not None, server_error) == (failed, server.attributes.get("error.type"))

    asyncio.run(main())


@pytest.mark.parametrize("way", ["cancel", "deadline", *([] if KEEPS_CALLS else ["drop"])])
def test_a_stream_that_is_left_ends_its_spans(service, both, way):
    """Cancelled, garbage, or out of time."""

    async def main():
        integration.instrument()
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            stream = call(channel, "unary_stream")(b"endless", timeout=0.2 if way == "deadline" else None)
            assert b"0" == await stream.read()
            if way == "cancel":
                stream.cancel()
            elif way == "deadline":
                with pytest.raises(grpc.aio.AioRpcError):
                    await drained(stream)
            del stream
            gc.collect()
            client, server = await both()
        expected = "DEADLINE_EXCEEDED" if way == "deadline" else "CANCELLED"
        assert expected == client.attributes["rpc.response.status_code"]
        assert server.attributes["rpc.response.status_code"] in ("CANCELLED", expected)

    asyncio.run(main())


def test_concurrent_calls_keep_their_traces_apart(service, both):
    """Each server's span belongs to the trace of its own caller."""

    async def main():
        integration.instrument()
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            made = call(channel, "unary_unary")
            await asyncio.gather(*(made(b"x") for _ in range(20)))
            found = await both(40)
        assert 20 == len({span.context.trace_id for span in found})
        assert trace.get_current_span().context.trace_id == 0

    asyncio.run(main())


@pytest.mark.parametrize("kind", [tuple, list, iter], ids=lambda kind: kind.__name__)
def test_metadata_of_any_kind_is_sent(service, both, kind):
    """Whatever can be gone through once; and without its name, where gRPC takes it so."""

    async def main():
        integration.instrument()
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            given = kind([("tenant", "acme")])
            assert b"ab" == await call(channel, "stream_unary")(iter(PARTS), 5, given)
            with pytest.raises(TypeError):
                call(channel, "unary_unary")(b"x", 5)
            await both()
        assert ("acme", True) == (service.metadata[0]["tenant"], "traceparent" in service.metadata[0])

    asyncio.run(main())


def test_the_applications_metadata_is_sent_and_stays_as_it_is(service, both):
    """The trace is added to a copy."""

    async def main():
        integration.instrument()
        given = grpc.aio.Metadata(("tenant", "acme"))
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            await call(channel, "unary_unary")(b"x", metadata=given)
            await both()
        assert [("tenant", "acme")] == list(given)
        assert ("acme", True) == (service.metadata[0]["tenant"], "traceparent" in service.metadata[0])

    asyncio.run(main())


def test_one_channel_can_be_instrumented_alone(service, spans):
    """Another one's calls, and the server's, are not recorded."""

    async def main():
        async with (
            aio_served(service) as address,
            grpc.aio.insecure_channel(address) as one,
            grpc.aio.insecure_channel(address) as other,
        ):
            integration.instrument(one)
            await call(one, "unary_unary")(b"x")
            await call(other, "unary_unary")(b"x")
            integration.uninstrument(one)
            await call(one, "unary_unary")(b"x")
        assert [SpanKind.CLIENT] == [span.kind for span in spans()]

    asyncio.run(main())


def test_interceptors_can_be_placed_by_hand(service, both):
    """Without instrumenting anything else."""

    async def main():
        ours = integration.aio_client_interceptors("shop:443")
        async with (
            aio_served(service, [integration.aio_server_interceptor()]) as address,
            grpc.aio.insecure_channel(address, interceptors=ours) as channel,
        ):
            for shape, given in (("unary_unary", b"x"), ("stream_stream", iter(PARTS))):
                await answered(call(channel, shape), given)
            found = await both(4)
        clients = [span for span in found if span.kind is SpanKind.CLIENT]
        assert {("shop", 443)} == {
            (span.attributes["server.address"], span.attributes["server.port"]) for span in clients
        }

    asyncio.run(main())


@pytest.mark.parametrize("kind", [AioService, Service])
def test_two_layers_make_one_span_on_each_side(both, kind):
    """Of coroutines and of plain functions; the status that is set is known through both."""

    async def main():
        integration.instrument()
        async with (
            aio_served(kind(), [integration.aio_server_interceptor()]) as address,
            grpc.aio.insecure_channel(
                address, interceptors=integration.aio_client_interceptors(address)
            ) as channel,
        ):
            with pytest.raises(grpc.aio.AioRpcError):
                await call(channel, "unary_unary")(b"set DATA_LOSS")
            found = await both(2)
        assert ["DATA_LOSS"] * 2 == [span.attributes["rpc.response.status_code"] for span in found]

    asyncio.run(main())


def test_nothing_is_recorded_where_tracing_is_suppressed_or_excluded(service, spans):
    """Nor sent."""

    async def main():
        integration.instrument(excluded_methods="stream_,no such")
        async with aio_served(service) as address, grpc.aio.insecure_channel(address) as channel:
            await call(channel, "stream_unary")(iter(PARTS))
        assert ([], False) == (spans(), "traceparent" in service.metadata[0])

    asyncio.run(main())
