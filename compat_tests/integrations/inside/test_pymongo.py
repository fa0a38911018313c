"""PyMongo, against a server that speaks MongoDB's protocol (servers: mongodb)."""

from __future__ import annotations

import asyncio

import pymongo
import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from midspan import trace
from midspan.integrations import pymongo as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def client(port, memory):
    """Return a client with an empty collection `shop.users`, of which nothing is recorded yet."""
    integration.instrument()
    client = pymongo.MongoClient("127.0.0.1", port("mongodb"), serverSelectionTimeoutMS=5000)
    with trace.suppressed():
        client.shop.users.drop()
    yield client
    client.close()


def shown(spans):
    """Return all that is recorded of spans, as one text."""
    return str([(span.name, dict(span.attributes), span.status) for span in spans])


def test_a_command_is_a_client_span(client, spans, points, port):
    """Names and place as the semantic conventions have them, and no value."""
    with trace.get_tracer("t").start_as_current_span("work") as work:
        client.shop.users.insert_many([{"_id": 1, "name": SECRET}, {"_id": 2}])
        assert SECRET == client.shop.users.find_one({"name": SECRET})["name"]
    insert, find = (span for span in spans() if span.kind is SpanKind.CLIENT)
    assert ("insert users", work.context, 2) == (
        insert.name,
        insert.parent,
        insert.attributes["db.operation.batch.size"],
    )
    assert ("mongodb", "shop", "find", "users") == tuple(
        find.attributes[f"db.{name}"]
        for name in ("system.name", "namespace", "operation.name", "collection.name")
    )
    assert ("127.0.0.1", port("mongodb")) == (
        find.attributes["server.address"],
        find.attributes["server.port"],
    )
    assert find.attributes["db.query.text"].startswith('{"find": "users", "filter": {"name": "?"}')
    assert SECRET not in shown(spans())
    assert ["insert", "find"] == [attributes["db.operation.name"] for attributes in points(DURATION)]


def test_a_cursor_that_asks_for_more_is_recorded(client, spans):
    """Each batch is a command of its own, of the same collection."""
    client.shop.users.insert_many([{"_id": n} for n in range(5)])
    assert 5 == len(list(client.shop.users.find(batch_size=2)))
    names = [span.name for span in spans()]
    assert ["insert users", "find users", "getMore users"] == names[:3]


def test_what_the_server_refuses_is_an_error_with_its_code(client, spans):
    """The exception is PyMongo's own; the span tells no value."""
    with pytest.raises(OperationFailure):
        client.shop.command("nothingOfTheKind", SECRET)
    (span,) = spans()
    assert ("nothingOfTheKind", StatusCode.ERROR, "59") == (
        span.name,
        span.status.code,
        span.attributes["db.response.status_code"],
    )
    assert SECRET not in shown(spans())


def test_a_key_that_is_there_already_tells_no_value(client, spans):
    """Such a command succeeds, as far as the protocol goes; its message is the application's alone."""
    client.shop.users.insert_one({"_id": SECRET})
    with pytest.raises(DuplicateKeyError, match=SECRET):
        client.shop.users.insert_one({"_id": SECRET})
    assert SECRET not in shown(spans())


def test_no_command_that_logs_in_is_recorded(port, memory, spans):
    """Nor is the password anywhere, whatever the server says."""
    integration.instrument(statements="raw")
    client = pymongo.MongoClient(
        "127.0.0.1", port("mongodb"), username="ann", password=SECRET, serverSelectionTimeoutMS=2000
    )
    with pytest.raises(PyMongoError):
        client.shop.users.find_one()
    client.close()
    assert not [span.name for span in spans() if "sasl" in span.name]
    assert SECRET not in shown(spans())


def test_options_hooks_and_later_settings(client, spans):
    """A client that was made before goes by the later settings; hooks are given PyMongo's events."""
    seen = []
    integration.instrument(
        statements="raw",
        request_hook=lambda span, event: seen.append(event.command_name),
        response_hook=lambda span, event: seen.append(event.reply["ok"]),
    )
    client.shop.users.find_one({"name": "Ann"})
    assert ["find", 1.0] == seen
    assert '"filter": {"name": "Ann"}' in spans()[0].attributes["db.query.text"]


def test_uninstrument_and_suppressed_tracing(client, spans):
    """Nothing is recorded, and nothing disturbed."""
    with trace.suppressed():
        client.shop.users.find_one()
    integration.uninstrument()
    assert None is client.shop.users.find_one()
    assert [] == spans()


if hasattr(pymongo, "AsyncMongoClient"):

    def test_a_command_of_asyncio_is_a_client_span(port, memory, spans):
        """Its parent is the span of the task that sends it."""
        integration.instrument()

        async def one(client, name):
            with trace.get_tracer("t").start_as_current_span(name) as work:
                await client.shop.users.find_one()
            return work.context

        async def main():
            async with pymongo.AsyncMongoClient("127.0.0.1", port("mongodb")) as client:
                return await asyncio.gather(one(client, "a"), one(client, "b"))

        contexts = asyncio.run(main())
        found = [span for span in spans() if span.name == "find users"]
        assert sorted(map(str, contexts)) == sorted(str(span.parent) for span in found)
