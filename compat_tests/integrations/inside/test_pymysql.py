"""PyMySQL, against a real MariaDB (servers: mariadb)."""

from __future__ import annotations

import pymysql
import pymysql.cursors
import pytest
from _databases import SECRET, ids, prepared

from midspan import trace
from midspan.integrations import pymysql as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


@pytest.fixture
def connect(port):
    """Return a function that connects to the server."""
    return lambda **named: pymysql.connect(
        host="127.0.0.1", port=port("mariadb"), user="root", database="shop", **named
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
        cursor.execute(f'SELECT * FROM users WHERE name = "{SECRET}" AND id = %s', (1,))
        assert () == cursor.fetchall()
    span = next(span for span in spans() if span.kind is SpanKind.CLIENT)
    assert ("SELECT users", work.context, "midspan.integrations.pymysql") == (
        span.name,
        span.parent,
        span.scope.name,
    )
    text = "SELECT * FROM users WHERE name = ? AND id = %s"
    assert ("mysql", "SELECT", "users", text, "127.0.0.1") == ids(span)
    assert ("shop", port("mariadb")) == (span.attributes["db.namespace"], span.attributes["server.port"])
    assert "SELECT" in {attributes["db.operation.name"] for attributes in points(DURATION)}


def test_batches_and_transactions_have_one_span_each(connection, spans):
    """However many statements the driver makes of a batch."""
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO users VALUES (%s, %s)", [(n, SECRET) for n in range(3)])
    connection.commit()
    connection.rollback()
    assert ["INSERT users", "COMMIT", "ROLLBACK"] == [span.name for span in spans()]
    assert 3 == spans()[0].attributes["db.operation.batch.size"]
    assert SECRET not in str([dict(span.attributes) for span in spans()])


def test_what_the_server_refuses_is_an_error_with_its_number(connection, spans):
    """The exception is PyMySQL's own."""
    with pytest.raises(pymysql.err.ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM nowhere")
    span = spans()[0]
    assert (StatusCode.ERROR, "1146") == (span.status.code, span.attributes["db.response.status_code"])
    assert "pymysql.err.ProgrammingError" == span.attributes["error.type"]


def test_classes_of_cursors_stay_what_they_are(connection, spans):
    """`isinstance` holds, and rows come as asked."""
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SELECT 1 AS one")
        assert {"one": 1} == cursor.fetchone()
        assert isinstance(cursor, pymysql.cursors.DictCursor)


def test_one_connection_can_be_instrumented_alone(connect, spans):
    """Another one's statements are not recorded; nor its own afterwards."""
    with prepared(connect()) as one, prepared(connect()) as other:
        integration.instrument(one, statements="none", comments=True)
        one.cursor().execute("SELECT 1 FROM users")
        other.cursor().execute("SELECT 2 FROM users")
        integration.uninstrument(one)
        one.cursor().execute("SELECT 3 FROM users")
    (span,) = spans()
    assert ("SELECT users", None) == (span.name, span.attributes.get("db.query.text"))


def test_uninstrument_restores_what_was_there():
    """The class has its own functions again."""
    from pymysql.connections import Connection

    before = Connection.cursor, Connection.commit, Connection.rollback
    integration.instrument()
    integration.instrument(semconv="legacy")
    integration.uninstrument()
    assert before == (Connection.cursor, Connection.commit, Connection.rollback)
