"""redis-py, against a real Redis (servers: redis)."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time

import pytest
import redis
import redis.asyncio
from _databases import SECRET, shown
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from midspan import trace
from midspan.integrations import redis as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"
# Newer versions try for seconds.
ONCE = Retry(NoBackoff(), 0)


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def client(port, memory):
    """Return a client of an empty database, of which nothing is recorded yet."""
    with redis.Redis(host="127.0.0.1", port=port("redis"), db=3) as client:
        client.flushdb()
        yield client


@pytest.fixture
def run(port):
    """Return a function that runs `main(client)`, a coroutine function, to its end."""

    async def with_client(main):
        client = redis.asyncio.Redis(host="127.0.0.1", port=port("redis"), db=3)
        try:
            await client.flushdb()
            return await main(client)
        finally:
            # `close` until 5.0.1.
            await getattr(client, "aclose", client.close)()

    return lambda main: asyncio.run(with_client(main))


def test_a_command_is_a_client_span(client, spans, points, port):
    """Names and place as the semantic conventions have them, and no argument."""
    integration.instrument()
    with trace.get_tracer("t").start_as_current_span("work") as work:
        assert client.set(f"session:{SECRET}", SECRET)
    span = spans()[-1]
    assert ("SET", SpanKind.CLIENT, work.context) == (span.name, span.kind, span.parent)
    assert {
        "db.system.name": "redis",
        "db.namespace": "3",
        "db.operation.name": "SET",
        "db.query.text": "SET ? ?",
        "server.address": "127.0.0.1",
        "server.port": port("redis"),
    } == dict(span.attributes)
    assert "midspan.integrations.redis" == span.scope.name
    assert SECRET not in shown(spans())
    assert ["SET"] == [attributes["db.operation.name"] for attributes in points(DURATION)]


def test_a_command_of_asyncio_is_a_client_span(run, spans):
    """Its parent is the span of the task that sends it."""
    integration.instrument()

    async def one(client, name):
        with trace.get_tracer("t").start_as_current_span(name) as work:
            await client.get(name)
        return work.context

    async def main(client):
        return await asyncio.gather(one(client, "a"), one(client, "b"))

    parents = run(main)
    found = [span for span in spans() if span.name == "GET"]
    assert sorted(map(str, parents)) == sorted(str(span.parent) for span in found)


def test_a_pipeline_is_one_span(client, spans):
    """Whether it is a transaction or not; one that is empty has none."""
    integration.instrument()
    client.pipeline().execute()
    with client.pipeline() as pipeline:
        assert [True, b"1"] == pipeline.set("a", 1).get("a").execute()
    with client.pipeline(transaction=False) as pipeline:
        pipeline.get("a").get(SECRET).get("c").execute()
    multi, plain = spans()
    assert ("MULTI", 2, "SET ? ?; GET ?") == told(multi)
    assert ("PIPELINE GET", 3, "GET ?; GET ?; GET ?") == told(plain)


def told(span):
    """Return what is special of a pipeline."""
    return span.name, span.attributes["db.operation.batch.size"], span.attributes["db.query.text"]


def test_a_pipeline_of_asyncio_is_one_span(run, spans):
    """With what is sent at once while it watches."""

    async def main(client):
        integration.instrument()
        async with client.pipeline() as pipeline:
            await pipeline.watch("a")
            await pipeline.get("a")
            pipeline.multi()
            pipeline.set("a", 1)
            pipeline.get("a")
            return await pipeline.execute()

    assert [True, b"1"] == run(main)
    assert ["WATCH", "GET", "MULTI"] == [span.name for span in spans()]


def test_what_redis_refuses_is_an_error_with_its_code(client, spans, points):
    """The exception is redis-py's own; the message, which quotes the arguments, is left out."""
    integration.instrument()
    client.set("a", "x")
    with pytest.raises(redis.ResponseError):
        client.incr("a")
    with pytest.raises(redis.ResponseError):
        client.lpush("a", SECRET)
    with pytest.raises(redis.ResponseError):
        client.execute_command("FOO", SECRET)
    codes = [span.attributes.get("db.response.status_code") for span in spans()]
    assert [None, "ERR", "WRONGTYPE", "ERR"] == codes
    assert {StatusCode.ERROR} == {span.status.code for span in spans()[1:]}
    assert "redis.exceptions.ResponseError" == spans()[1].attributes["error.type"]
    assert SECRET not in shown(spans())
    assert "WRONGTYPE" in {attributes.get("db.response.status_code") for attributes in points(DURATION)}


@pytest.mark.parametrize("transaction", [True, False])
def test_a_pipeline_that_fails_tells_no_argument(client, run, spans, transaction):
    """redis-py puts the whole command into the message."""
    integration.instrument()
    client.set("a", "x")
    with pytest.raises(redis.ResponseError, match=SECRET):
        client.pipeline(transaction=transaction).lpush("a", SECRET).execute()

    async def main(client):
        await client.set("a", "x")
        with pytest.raises(redis.ResponseError, match=SECRET):
            await client.pipeline(transaction=transaction).lpush("a", SECRET).execute()

    run(main)
    failed = [span for span in spans() if span.status.code is StatusCode.ERROR]
    assert ["WRONGTYPE"] * 2 == [span.attributes["db.response.status_code"] for span in failed]
    assert SECRET not in shown(spans())


def test_a_server_that_is_away_is_an_error(spans):
    """Without a code, for nobody gave one."""
    integration.instrument()
    with pytest.raises(redis.ConnectionError):
        redis.Redis(host="127.0.0.1", port=1, retry=ONCE).ping()
    (span,) = spans()
    assert ("redis.exceptions.ConnectionError", None) == (
        span.attributes["error.type"],
        span.attributes.get("db.response.status_code"),
    )


def test_a_subscriber_is_not_recorded(client, spans):
    """It waits; what it is sent by `publish` is."""
    integration.instrument()
    with client.pubsub() as subscriber:
        subscriber.subscribe("news")
        assert "subscribe" == subscriber.get_message(timeout=5)["type"]
        client.publish("news", SECRET)
        assert SECRET.encode() == subscriber.get_message(timeout=5)["data"]
    assert ["PUBLISH"] == [span.name for span in spans()]


def test_scripts_and_what_waits_are_commands(client, spans):
    """A script is sent by its hash, and loaded if it is not there; who waits is recorded for as long."""
    integration.instrument()
    client.script_flush()
    script = client.register_script("return redis.error_reply('ODD ' .. #ARGV[1])")
    with pytest.raises(redis.ResponseError, match="ODD 7"):
        script(args=[SECRET])
    assert None is client.blpop("nothing", timeout=0.1)
    found = spans()
    assert ["SCRIPT FLUSH", "EVALSHA", "SCRIPT LOAD", "EVALSHA", "BLPOP"] == [span.name for span in found]
    assert ["NOSCRIPT", None, "ODD", None] == [
        span.attributes.get("db.response.status_code") for span in found[1:]
    ]
    assert found[-1].end_ns - found[-1].start_ns >= 90_000_000
    assert SECRET not in shown(found)


def test_a_transaction_that_somebody_came_between_is_an_error(client, spans):
    """What it watched has changed: the exception is redis-py's own."""
    integration.instrument()
    with client.pipeline() as pipeline:
        pipeline.watch("a")
        client.set("a", 2)
        pipeline.multi()
        pipeline.set("a", SECRET)
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    *_, failed = (span for span in spans() if span.name == "MULTI SET")
    assert ("redis.exceptions.WatchError", None) == (
        failed.attributes["error.type"],
        failed.attributes.get("db.response.status_code"),
    )


def test_one_client_alone(client, port, spans):
    """Its pipelines as well, which stay what they are; the other client's commands are not recorded."""
    integration.instrument(client)
    other = redis.Redis(host="127.0.0.1", port=port("redis"), db=3)
    other.get("a")
    with client.pipeline() as pipeline:
        assert isinstance(pipeline, redis.client.Pipeline)
        pipeline.set("a", 1).incr("a").execute()
    client.get("a")
    integration.uninstrument(client)
    client.get("a")
    client.pipeline().get("a").execute()
    other.close()
    assert ["MULTI", "GET"] == [span.name for span in spans()]


def test_one_client_of_asyncio_alone(run, spans):
    """As above, and on all of them at once it is recorded once."""

    async def main(client):
        integration.instrument(client)
        integration.instrument()
        await client.get("a")
        await client.pipeline().get("a").execute()
        integration.uninstrument()
        await client.pipeline().set("a", 1).execute()

    run(main)
    assert ["GET", "MULTI GET", "MULTI SET"] == [span.name for span in spans()]


def test_options_and_hooks(client, spans):
    """`raw` shows arguments; hooks are given redis-py's own objects."""
    seen = []
    integration.instrument(
        statements="raw",
        request_hook=lambda span, sender, command, arguments: seen.append((sender, command, arguments)),
        response_hook=lambda span, sender, answer: seen.append(answer),
    )
    client.set("a", 1)
    assert [(client, "SET", ("a", 1)), True] == seen
    assert "SET a 1" == spans()[0].attributes["db.query.text"]


def test_legacy_names(client, spans):
    """For old dashboards."""
    integration.instrument(semconv="legacy")
    client.set("a", 1)
    attributes = spans()[0].attributes
    assert ("redis", "SET ? ?", "SET") == tuple(
        attributes[name] for name in ("db.system", "db.statement", "db.operation")
    )


def test_uninstrument_restores_the_very_functions(client, spans):
    """And nothing is recorded any more."""
    owners = (redis.Redis, redis.client.Pipeline, redis.asyncio.Redis, redis.asyncio.client.Pipeline)
    before = [dict(vars(owner)) for owner in owners]
    integration.instrument()
    integration.instrument()
    assert before != [dict(vars(owner)) for owner in owners]
    integration.uninstrument()
    client.get("a")
    assert (before, []) == ([dict(vars(owner)) for owner in owners], spans())


def test_odd_input_is_redis_py_to_judge(client, spans):
    """What it raises comes through, and no span stays open."""
    integration.instrument()
    with pytest.raises(IndexError):
        client.execute_command()
    with pytest.raises(redis.DataError):
        client.set("a", object())
    assert ["redis", "SET"] == [span.name for span in spans()]


def test_nothing_is_recorded_where_tracing_is_suppressed(client, spans):
    """Nor is what is sent disturbed."""
    integration.instrument()
    with trace.suppressed():
        assert client.set("a", 1)
    assert [] == spans()


def test_sockets_and_sentinels_are_told_as_far_as_they_are_known(memory, spans):
    """A socket by its path; of a sentinel's master, the address is known to the connection alone."""
    integration.instrument()
    with pytest.raises(redis.ConnectionError):
        redis.Redis(unix_socket_path="/nowhere/redis.sock", retry=ONCE).ping()
    with pytest.raises(redis.ConnectionError):
        Sentinel([("127.0.0.1", 1)], sentinel_kwargs={"retry": ONCE}).master_for("shop", retry=ONCE).ping()
    addresses = [span.attributes.get("server.address") for span in spans() if span.name == "PING"]
    assert ["/nowhere/redis.sock", None] == addresses


def test_what_asks_a_sentinel_first_is_one_span(port, memory, spans, tmp_path):
    """Of the master's command; a sentinel that the program itself asks is a server like any other."""
    (tmp_path / "conf").write_text(f"sentinel monitor shop 127.0.0.1 {port('redis')} 1\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = probe.getsockname()
    command = [
        "redis-server",
        str(tmp_path / "conf"),
        "--sentinel",
        "--bind",
        place[0],
        "--port",
        str(place[1]),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path)
    try:
        until = time.monotonic() + 10
        with socket.socket() as probe:
            while probe.connect_ex(place) and time.monotonic() < until:
                time.sleep(0.02)
        integration.instrument()
        sentinel = Sentinel([place])
        with sentinel.master_for("shop") as master:
            assert master.ping()
        assert ("127.0.0.1", port("redis")) == sentinel.discover_master("shop")
    finally:
        process.terminate()
        process.wait(10)
    assert ["PING", "SENTINEL"] == [span.name.partition(" ")[0] for span in spans()]
