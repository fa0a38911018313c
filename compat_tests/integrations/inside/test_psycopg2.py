"""psycopg2, against a real PostgreSQL (servers: postgres)."""

from __future__ import annotations

import psycopg2
import psycopg2.extras
import pytest
from _databases import SECRET, ids, prepared
from psycopg2 import sql

from midspan import trace
from midspan.integrations import psycopg2 as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def connect(port):
    """Return a function that connects to the server."""
    return lambda **named: psycopg2.connect(
        host="127.0.0.1", port=port("postgres"), user="postgres", dbname="postgres", **named
    )


@pytest.fixture
def connection(connect, memory):
    """Return a traced connection with an empty table, and nothing recorded yet."""
    integration.instrument()
    with prepared(connect()) as connection:
        memory.clear()
        yield connection


def test_a_statement_is_a_client_span(connection, spans, points, port):
    """Names, place and text as the semantic conventions have them, without the literal."""
    with trace.get_tracer("t").start_as_current_span("work") as work, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM users WHERE name = '{SECRET}' AND id = %s", (1,))
        assert [] == cursor.fetchall()
    span = next(span for span in spans() if span.kind is SpanKind.CLIENT)
    assert ("SELECT users", work.context, "midspan.integrations.psycopg2") == (
        span.name,
        span.parent,
        span.scope.name,
    )
    text = "SELECT * FROM users WHERE name = ? AND id = %s"
    assert ("postgresql", "SELECT", "users", text, "127.0.0.1") == ids(span)
    assert ("postgres", port("postgres")) == (span.attributes["db.namespace"], span.attributes["server.port"])
    assert "SELECT" in {attributes["db.operation.name"] for attributes in points(DURATION)}


def test_batches_transactions_and_composed_statements(connection, spans):
    """Each is one span, in its order."""
    with connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO users VALUES (%s, %s)", [(1, "a"), (2, "b")])
        statement = sql.SQL("SELECT {} FROM users WHERE name = {}")
        cursor.execute(statement.format(sql.Identifier("id"), sql.Literal(SECRET)))
        psycopg2.extras.execute_values(cursor, "INSERT INTO users VALUES %s", [(3, SECRET), (4, "d")])
    connection.rollback()
    names = [span.name for span in spans()]
    assert ["INSERT users", "SELECT users", "INSERT users"] == names[:3]
    assert 2 == spans()[0].attributes["db.operation.batch.size"]
    assert 'SELECT "id" FROM users WHERE name = ?' == spans()[1].attributes["db.query.text"]
    assert SECRET not in str([dict(span.attributes) for span in spans()])


def test_what_postgresql_refuses_is_an_error_with_its_state(connection, spans, points):
    """The exception is psycopg2's own; the SQLSTATE tells it."""
    with pytest.raises(psycopg2.errors.UndefinedTable), connection.cursor() as cursor:
        cursor.execute(f"SELECT '{SECRET}' FROM nowhere")
    span = spans()[0]
    assert (StatusCode.ERROR, "42P01") == (span.status.code, span.attributes["db.response.status_code"])
    assert "psycopg2.errors.UndefinedTable" == span.attributes["error.type"]
    assert "42P01" in {attributes.get("db.response.status_code") for attributes in points(DURATION)}


def test_classes_and_factories_stay_what_they_are(connect, memory, spans):
    """`isinstance` holds, the driver's own functions take the connection, a named cursor works."""
    integration.instrument()
    with prepared(connect(cursor_factory=psycopg2.extras.RealDictCursor)) as connection:
        psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS one")
            assert {"one": 1} == dict(cursor.fetchone())
            assert isinstance(cursor, psycopg2.extras.RealDictCursor)
        with connection.cursor("named") as cursor:
            cursor.execute("SELECT 1 AS one")
            cursor.fetchone()
        assert isinstance(connection, psycopg2.extensions.connection)
        assert "connection" == type(connection).__name__


def test_options_hooks_and_comments(connect, memory, spans):
    """The text can be left out; a comment reaches the server, and not the span."""
    integration.instrument(
        statements="none",
        comments=True,
        request_hook=lambda span, cursor, statement, parameters: span.set_attribute("hooked", statement),
    )
    with prepared(connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM users")
        assert b"traceparent" in cursor.query
    span = next(span for span in spans() if span.name == "SELECT users")
    assert (None, "SELECT 1 FROM users") == (span.attributes.get("db.query.text"), span.attributes["hooked"])


def test_uninstrument_restores_connect_and_quiets_what_is_open(connect, spans):
    """The very function is back; a connection that stays open sends on, unrecorded."""
    before = psycopg2.connect
    integration.instrument()
    with prepared(connect()) as connection:
        recorded = len(spans())
        integration.uninstrument()
        connection.cursor().execute("SELECT 1")
        connection.commit()
        assert (before, recorded) == (psycopg2.connect, len(spans()))


def test_nothing_is_recorded_where_tracing_is_suppressed(connection, spans):
    """Nor does it disturb what is sent."""
    with trace.suppressed(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert (1,) == cursor.fetchone()
    assert [] == spans()
