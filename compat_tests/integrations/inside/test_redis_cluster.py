"""redis-py's clients of a cluster, against three real nodes (servers: rediscluster)."""

from __future__ import annotations

import asyncio

import pytest
import redis
import redis.asyncio
from _databases import SECRET, shown
from redis import cluster

from midspan import trace
from midspan.integrations import redis as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"
# Two keys of different nodes.
KEYS = ("a", "b")
HAS_TRANSACTIONS = hasattr(cluster, "TransactionStrategy")


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def client(port, memory):
    """Return a client of the empty cluster, of which nothing is recorded yet."""
    client = cluster.RedisCluster(host="127.0.0.1", port=port("rediscluster"))
    for key in KEYS:
        client.delete(key)
    yield client
    client.close()


def mislead(client, key="a"):
    """Let a client believe that another node has a key; return the port of the one that has."""
    manager, slot = client.nodes_manager, client.keyslot(key)
    owner = manager.slots_cache[slot][0]
    manager.slots_cache[slot] = [
        next(node for node in manager.nodes_cache.values() if node.name != owner.name)
    ]
    return owner.port


def test_a_command_is_a_client_span(client, spans, points):
    """It tells the node that answered, beside one by which the cluster is known."""
    integration.instrument()
    with trace.get_tracer("t").start_as_current_span("work") as work:
        assert client.set("a", SECRET)
    known = next(iter(client.nodes_manager.startup_nodes.values()))
    node = client.get_node_from_key("a")
    span = spans()[-1]
    assert ("SET", SpanKind.CLIENT, work.context) == (span.name, span.kind, span.parent)
    assert {
        "db.system.name": "redis",
        "db.namespace": "0",
        "db.operation.name": "SET",
        "db.query.text": "SET ? ?",
        "server.address": "127.0.0.1",
        "server.port": known.port,
        "network.peer.address": "127.0.0.1",
        "network.peer.port": node.port,
    } == dict(span.attributes)
    assert [{"server.port": known.port, "db.operation.name": "SET"}] == [
        {name: attributes[name] for name in ("server.port", "db.operation.name")}
        for attributes in points(DURATION)
    ]


def test_a_redirection_makes_no_second_span(client, spans):
    """`MOVED` to the node that has the key: that one is told."""
    client.set("a", "x")
    integration.instrument()
    port = mislead(client)
    assert b"x" == client.get("a")
    (span,) = spans()
    assert ("GET", port, StatusCode.UNSET) == (
        span.name,
        span.attributes["network.peer.port"],
        span.status.code,
    )


def test_a_pipeline_is_one_span(client, spans):
    """However many nodes it goes to, redirected or not; one that is empty has none."""
    integration.instrument()
    client.pipeline().execute()
    mislead(client)
    with client.pipeline() as pipeline:
        assert [True, b"1", None] == pipeline.set("a", 1).get("a").get("b").execute()
    (span,) = spans()
    assert ("PIPELINE", 3, "SET ? ?; GET ?; GET ?") == (
        span.name,
        span.attributes["db.operation.batch.size"],
        span.attributes["db.query.text"],
    )


def test_what_a_node_refuses_is_an_error_with_its_code(client, spans):
    """In a pipeline, too, whose message holds the whole command."""
    client.set("a", "x")
    integration.instrument()
    with pytest.raises(redis.ResponseError):
        client.lpush("a", SECRET)
    with pytest.raises(redis.ResponseError, match=SECRET):
        client.pipeline().lpush("a", SECRET).execute()
    assert [("LPUSH", "WRONGTYPE"), ("PIPELINE LPUSH", "WRONGTYPE")] == [
        (span.name, span.attributes["db.response.status_code"]) for span in spans()
    ]
    assert SECRET not in shown(spans())


def test_what_a_client_asks_of_one_node_is_that_node_s(client, spans):
    """A connection of it is a client like any other."""
    integration.instrument()
    node = client.get_node_from_key("a")
    client.get_redis_connection(node).ping()
    (span,) = spans()
    assert ("PING", node.port, None) == (
        span.name,
        span.attributes["server.port"],
        span.attributes.get("network.peer.port"),
    )


def test_one_client_alone(client, port, spans):
    """Its pipelines as well, which stay what they are; the other client's commands are not recorded."""
    other = cluster.RedisCluster(host="127.0.0.1", port=port("rediscluster"))
    integration.instrument(client)
    other.get("a")
    client.get("b")
    with client.pipeline() as pipeline:
        assert isinstance(pipeline, cluster.ClusterPipeline)
        pipeline.get("a").execute()
    integration.uninstrument(client)
    client.get("a")
    client.pipeline().get("a").execute()
    other.close()
    assert ["GET", "PIPELINE GET"] == [span.name for span in spans()]


def test_uninstrument_restores_the_very_functions(client, spans):
    """And nothing is recorded any more."""
    owners = [cluster.RedisCluster, cluster.ClusterPipeline, redis.Redis]
    if HAS_TRANSACTIONS:
        owners += [cluster.TransactionStrategy, redis.asyncio.cluster.RedisCluster]
        owners += [redis.asyncio.cluster.ClusterNode, redis.asyncio.cluster.TransactionStrategy]
    before = [dict(vars(owner)) for owner in owners]
    integration.instrument()
    assert before != [dict(vars(owner)) for owner in owners]
    integration.uninstrument()
    client.get("a")
    assert (before, []) == ([dict(vars(owner)) for owner in owners], spans())


def test_legacy_names_have_no_node(client, spans):
    """The conventions before knew none."""
    integration.instrument(semconv="legacy")
    client.get("a")
    assert {"db.system", "db.name", "db.operation", "db.statement", "net.peer.name", "net.peer.port"} == set(
        spans()[0].attributes
    )


if HAS_TRANSACTIONS:

    @pytest.mark.parametrize("alone", [False, True])
    def test_a_transaction_is_one_span_beside_what_it_watched(client, spans, alone):
        """The same for one client alone."""
        integration.instrument(*([client] if alone else []))
        with client.pipeline(transaction=True) as pipeline:
            pipeline.watch("a")
            pipeline.get("a")
            pipeline.multi()
            assert [True] == [bool(answer) for answer in pipeline.set("a", 1).execute()]
        assert ["WATCH", "GET", "MULTI SET"] == [span.name for span in spans()]

    @pytest.fixture
    def run(port):
        """Return a function that runs `main(client)`, a coroutine function, to its end."""

        async def with_client(main):
            async with redis.asyncio.RedisCluster(host="127.0.0.1", port=port("rediscluster")) as client:
                await client.delete("a")
                await client.delete("b")
                return await main(client)

        return lambda main: asyncio.run(with_client(main))

    def test_commands_of_asyncio_are_client_spans(run, spans):
        """Redirected or not, each tells its node and its parent."""

        async def main(client):
            integration.instrument()
            port = mislead(client)
            with trace.get_tracer("t").start_as_current_span("work") as work:
                await asyncio.gather(client.get("a"), client.get("b"))
            with pytest.raises(redis.ResponseError):
                await client.execute_command("INCRBY", "a", SECRET)
            return work.context, {port, client.get_node_from_key("b").port}

        context, ports = run(main)
        *both, refused = (span for span in spans() if span.kind is SpanKind.CLIENT)
        assert [("GET", context)] * 2 == [(span.name, span.parent) for span in both]
        assert ports == {span.attributes["network.peer.port"] for span in both}
        assert ("INCRBY", "ERR") == (refused.name, refused.attributes["db.response.status_code"])
        assert SECRET not in shown(spans())

    @pytest.mark.parametrize("alone", [False, True])
    def test_pipelines_and_transactions_of_asyncio_are_one_span(run, spans, alone):
        """With what a transaction sends at once."""

        async def main(client):
            integration.instrument(*([client] if alone else []))
            await client.pipeline().set("a", 1).get("b").execute()
            async with client.pipeline(transaction=True) as pipeline:
                await pipeline.watch("a")
                await pipeline.get("a")
                pipeline.multi()
                pipeline.set("a", 2)
                await pipeline.execute()
            await client.get("a")
            integration.uninstrument(*([client] if alone else []))
            await client.get("a")

        run(main)
        assert ["PIPELINE", "WATCH", "GET", "MULTI SET", "GET"] == [span.name for span in spans()]
