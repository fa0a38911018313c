"""MySQL Connector/Python, both of its forms, against a real MariaDB (servers: mariadb)."""

from __future__ import annotations

import mysql.connector
import pytest
from _databases import SECRET, ids, prepared

from midspan import trace
from midspan.integrations import mysql_connector as integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()


# The newest connector has the C form for some Pythons only; the oldest one has it.
@pytest.fixture(params=["pure", "c"] if mysql.connector.HAVE_CEXT else ["pure"])
def connect(port, request):
    """Return a function that connects to the server, in either form."""

    def connected():
        return mysql.connector.connect(
            host="127.0.0.1",
            port=port("mariadb"),
            user="root",
            database="shop",
            use_pure=request.param == "pure",
            # MariaDB does not know the collation that newer connectors ask for.
            charset="utf8mb4",
            collation="utf8mb4_general_ci",
        )

    return connected


@pytest.fixture
def connection(connect, memory):
    """Return a traced connection with an empty table, and nothing recorded yet."""
    integration.instrument()
    with prepared(connect()) as connection:
        memory.clear()
        yield connection


def test_a_statement_is_a_client_span(connection, spans, points, port):
    """Names, place and text as the semantic conventions have them, without the literal."""
    with trace.get_tracer("t").start_as_current_span("work") as work:
        cursor = connection.cursor()
        cursor.execute(f'SELECT * FROM users WHERE name = "{SECRET}" AND id = %s', (1,))
        assert [] == cursor.fetchall()
    span = next(span for span in spans() if span.kind is SpanKind.CLIENT)
    assert ("SELECT users", work.context) == (span.name, span.parent)
    text = "SELECT * FROM users WHERE name = ? AND id = %s"
    assert ("mysql", "SELECT", "users", text, "127.0.0.1") == ids(span)
    assert ("shop", port("mariadb")) == (span.attributes["db.namespace"], span.attributes["server.port"])
    assert "SELECT" in {attributes["db.operation.name"] for attributes in points(DURATION)}


def test_batches_and_transactions_have_one_span_each(connection, spans):
    """However many statements the driver makes of a batch."""
    connection.cursor().executemany("INSERT INTO users VALUES (%s, %s)", [(n, SECRET) for n in range(3)])
    connection.commit()
    assert ["INSERT users", "COMMIT"] == [span.name for span in spans()]
    assert 3 == spans()[0].attributes["db.operation.batch.size"]
    assert SECRET not in str([dict(span.attributes) for span in spans()])


def test_what_the_server_refuses_is_an_error_with_its_number(connection, spans):
    """The exception is the connector's own."""
    with pytest.raises(mysql.connector.errors.ProgrammingError):
        connection.cursor().execute("SELECT 1 FROM nowhere")
    span = spans()[0]
    assert (StatusCode.ERROR, "1146") == (span.status.code, span.attributes["db.response.status_code"])
    assert "mysql.connector.errors.ProgrammingError" == span.attributes["error.type"]


@pytest.mark.parametrize("options", [{"dictionary": True}, {"buffered": True}, {"prepared": True}])
def test_cursors_of_each_kind_stay_what_they_are(connection, spans, options):
    """`isinstance` holds, and rows come as asked."""
    integration.uninstrument()
    kind = type(connection.cursor(**options))
    integration.instrument()
    cursor = connection.cursor(**options)
    cursor.execute("SELECT 1 AS one FROM DUAL")
    row = cursor.fetchone()
    cursor.fetchall()
    assert (1, True) == (row["one"] if "dictionary" in options else row[0], isinstance(cursor, kind))
    assert ["SELECT DUAL"] == [span.name for span in spans()]


def test_one_connection_can_be_instrumented_alone(connect, spans):
    """Another one's statements are not recorded; nor its own afterwards."""
    with prepared(connect()) as one, prepared(connect()) as other:
        integration.instrument(one, statements="none")
        for connection in (one, other):
            cursor = connection.cursor(buffered=True)
            cursor.execute("SELECT 1 FROM users")
        integration.uninstrument(one)
        one.cursor(buffered=True).execute("SELECT 3 FROM users")
    assert ["SELECT users"] == [span.name for span in spans()]


def test_uninstrument_restores_what_was_there():
    """The class has its own functions again."""
    from mysql.connector.connection import MySQLConnection as Connection

    before = Connection.cursor, Connection.commit, Connection.rollback
    integration.instrument()
    integration.instrument(semconv="legacy")
    integration.uninstrument()
    assert before == (Connection.cursor, Connection.commit, Connection.rollback)
