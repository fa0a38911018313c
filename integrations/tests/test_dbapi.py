"""A connection of any driver can be wrapped; the wrapper is the connection in all else."""

from __future__ import annotations

import sqlite3

import pytest

from midspan.integrations import dbapi
from midspan.integrations import sqlite3 as own
from midspan.trace import StatusCode


@pytest.fixture
def native(memory):
    """Return a connection of a driver, here sqlite3's."""
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def test_statements_are_recorded_with_what_was_said_of_the_database(native, spans):
    """System, name and place are the caller's to say."""
    connection = dbapi.instrument(native, system="postgresql", namespace="shop", host="db", port=5432)
    cursor = connection.cursor()
    assert cursor is cursor.execute("CREATE TABLE users (id INT)")
    cursor.executemany("INSERT INTO users VALUES (?)", [(1,), (2,)])
    connection.commit()
    assert [(1,), (2,)] == list(cursor.execute("SELECT id FROM users WHERE id < 9"))
    assert ["CREATE users", "INSERT users", "COMMIT", "SELECT users"] == [span.name for span in spans()]
    assert {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "server.address": "db",
        "server.port": 5432,
        "db.operation.name": "SELECT",
        "db.collection.name": "users",
        "db.query.summary": "SELECT users",
        "db.query.text": "SELECT id FROM users WHERE id < ?",
    } == spans()[-1].attributes


def test_everything_else_is_the_native_connection_s(native):
    """Attributes are read and set there; the native one is at hand."""
    connection = dbapi.instrument(native, system="sqlite")
    connection.row_factory = sqlite3.Row
    assert (sqlite3.Row, native) == (native.row_factory, connection.native)
    assert native is dbapi.uninstrument(dbapi.instrument(connection, system="sqlite"))


def test_a_block_is_the_native_one_s(native, spans):
    """What it commits or takes back is up to the driver; what it raises goes through."""
    connection = dbapi.instrument(native, system="sqlite")
    with pytest.raises(sqlite3.OperationalError), connection as entered:
        entered.cursor().execute("SELECT 1 FROM nowhere")
    assert entered is connection
    assert StatusCode.ERROR is spans()[0].status.code


def test_below_it_an_integration_of_the_driver_s_own_is_silent(spans):
    """One span a statement."""
    own.instrument()
    connection = dbapi.instrument(sqlite3.connect(":memory:"), system="sqlite")
    connection.cursor().execute("SELECT 1")
    connection.close()
    own.uninstrument()
    assert ["midspan.integrations.dbapi"] == [span.scope.name for span in spans()]
