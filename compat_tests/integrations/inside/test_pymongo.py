"""PyMongo, against a server that speaks MongoDB's protocol (servers: mongodb)."""

from __future__ import annotations

import asyncio

import pymongo
import pytest
from _databases import SECRET, shown
from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.write_concern import WriteConcern

from midspan import trace
from midspan._environment import ConfigurationError
from midspan.integrations import pymongo as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"


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


def test_a_write_that_is_refused_is_an_error_with_its_code(client, spans, points):
    """Such a command succeeds, as far as the protocol goes; what it holds is the application's alone."""
    client.shop.users.insert_one({"_id": SECRET})
    with pytest.raises(DuplicateKeyError, match=SECRET):
        client.shop.users.insert_one({"_id": SECRET})
    with pytest.raises(BulkWriteError):
        client.shop.users.bulk_write([InsertOne({"_id": 7}), InsertOne({"_id": SECRET})])
    taken, *refused = spans()
    assert StatusCode.UNSET is taken.status.code
    assert [(StatusCode.ERROR, "11000", "11000")] * 2 == [
        (span.status.code, span.attributes["db.response.status_code"], span.attributes["error.type"])
        for span in refused
    ]
    assert SECRET not in shown(spans())
    assert "11000" in {attributes.get("db.response.status_code") for attributes in points(DURATION)}


def test_a_bulk_of_writes_is_one_span_a_kind(client, spans):
    """As PyMongo sends them, each with its size."""
    users = client.shop.users
    users.bulk_write(
        [
            InsertOne({"_id": 1, "name": SECRET}),
            InsertOne({"_id": 2}),
            UpdateOne({"_id": 1}, {"$set": {"name": SECRET}}),
            DeleteOne({"name": SECRET}),
        ]
    )
    assert [("insert users", 2), ("update users", None), ("delete users", None)] == [
        (span.name, span.attributes.get("db.operation.batch.size")) for span in spans()
    ]
    assert SECRET not in shown(spans())


def test_a_write_that_nobody_acknowledges_is_recorded(client, spans):
    """It ends when it is sent; what became of it, nobody knows."""
    users = client.shop.users.with_options(write_concern=WriteConcern(w=0))
    users.insert_one({"_id": 1, "name": SECRET})
    (span,) = (span for span in spans() if span.name == "insert users")
    assert StatusCode.UNSET is span.status.code
    assert SECRET not in shown(spans())


def test_one_client_alone(port, memory, spans):
    """Made before; the other one's commands are not recorded, nor its own when it is turned off."""
    with (
        pymongo.MongoClient("127.0.0.1", port("mongodb")) as one,
        pymongo.MongoClient("127.0.0.1", port("mongodb")) as other,
    ):
        integration.instrument(one, statements="none")
        integration.instrument(one)
        for client in (one, other):
            client.shop.users.find_one({"name": SECRET})
        integration.uninstrument(one)
        one.shop.users.find_one()
    (span,) = spans()
    assert ("find users", True) == (span.name, "db.query.text" in span.attributes)
    assert SECRET not in shown(spans())


def test_one_client_alone_beside_all_is_recorded_once(client, spans):
    """By its own settings, as long as those are on."""
    integration.instrument(client, statements="none")
    client.shop.users.find_one()
    integration.uninstrument(client)
    client.shop.users.find_one()
    assert [False, True] == ["db.query.text" in span.attributes for span in spans()]


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

    @pytest.mark.parametrize("alone", [False, True])
    def test_a_command_of_asyncio_is_a_client_span(port, memory, spans, alone):
        """Its parent is the span of the task that sends it; the same for one client alone."""
        if not alone:
            integration.instrument()

        async def one(client, name):
            with trace.get_tracer("t").start_as_current_span(name) as work:
                await client.shop.users.find_one()
            return work.context

        async def main():
            async with pymongo.AsyncMongoClient("127.0.0.1", port("mongodb")) as client:
                if alone:
                    integration.instrument(client)
                return await asyncio.gather(one(client, "a"), one(client, "b"))

        contexts = asyncio.run(main())
        found = [span for span in spans() if span.name == "find users"]
        assert sorted(map(str, contexts)) == sorted(str(span.parent) for span in found)

    def test_a_client_that_does_not_know_its_servers_cannot_be_instrumented_alone():
        """It learns of them, and of who listens, with its first command."""
        client = pymongo.AsyncMongoClient("mongodb+srv://shop.example.org")
        with pytest.raises(ConfigurationError, match="first command"):
            integration.instrument(client)
