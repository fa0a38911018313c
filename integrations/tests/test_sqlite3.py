"""The standard library's sqlite3 sends as before, and each statement is a span."""

from __future__ import annotations

import functools
import sqlite3

import pytest

from midspan import baggage, trace
from midspan._environment import ConfigurationError
from midspan.integrations import sqlite3 as integration
from midspan.trace import SpanKind, StatusCode

OPEN = []


@pytest.fixture(autouse=True)
def _off():
    yield
    integration.uninstrument()
    while OPEN:
        OPEN.pop().close()


def connected(*arguments, **named):
    """Return a connection that is closed after the test."""
    OPEN.append(sqlite3.connect(*arguments, **named))
    return OPEN[-1]


def opened(**options):
    """Instrument, and return a connection with a table."""
    integration.instrument(**options)
    connection = connected(":memory:")
    connection.execute("CREATE TABLE users (id INT, name TEXT)")
    return connection


def test_a_statement_is_a_client_span(spans):
    """Its name says what it does, its text has no literal; the rows arrive."""
    connection = opened()
    assert [] == list(connection.execute("SELECT * FROM users WHERE name = 'hunter2'"))
    span = spans()[-1]
    assert ("SELECT users", SpanKind.CLIENT) == (span.name, span.kind)
    assert {
        "db.system.name": "sqlite",
        "db.namespace": ":memory:",
        "db.operation.name": "SELECT",
        "db.collection.name": "users",
        "db.query.summary": "SELECT users",
        "db.query.text": "SELECT * FROM users WHERE name = ?",
    } == span.attributes


def test_cursors_scripts_and_batches_have_one_span_each(spans):
    """Whichever verb sends it, and though one is made of the other."""
    connection = opened()
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO users VALUES (?, ?)", [(1, "a"), (2, "b"), (3, "c")])
    connection.commit()
    cursor.executescript("DELETE FROM users; DROP TABLE users")
    assert ["CREATE users", "INSERT users", "COMMIT", "DELETE users DROP users"] == [s.name for s in spans()]
    assert 3 == spans()[1].attributes["db.operation.batch.size"]


def test_what_sqlite_raises_arrives_unchanged(spans):
    """The span has its type and the database's own code, and no literal."""
    connection = opened()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        connection.execute("SELECT * FROM nope")
    span = spans()[-1]
    assert (StatusCode.ERROR, "sqlite3.OperationalError") == (span.status.code, span.attributes["error.type"])


@pytest.mark.filterwarnings("ignore:Passing more than 1 positional argument:DeprecationWarning")
def test_classes_of_the_program_s_own_stay_what_they_are(spans):
    """A factory is honoured, its own methods run, and `isinstance` holds."""

    class Mine(sqlite3.Connection):
        def execute(self, statement, *rest):
            return super().execute(statement.replace("USERS", "users"), *rest)

        def cursor(self):
            return super().cursor()

    class Pointer(sqlite3.Cursor):
        pass

    integration.instrument()
    mine = connected(":memory:", factory=Mine)
    mine.execute("CREATE TABLE USERS (id INT)")
    mine.cursor().execute("SELECT * FROM users")
    plain = connected(":memory:", 5.0, 0, "", True, sqlite3.Connection, 10)
    assert (True, True, "Mine") == (
        isinstance(mine, Mine),
        isinstance(plain.cursor(Pointer), Pointer),
        type(mine).__name__,
    )
    assert "CREATE USERS" == spans()[0].name


def test_a_factory_that_is_no_class_is_called(spans):
    """What it makes is its own, and is not recorded."""
    integration.instrument()
    connection = connected(":memory:", factory=functools.partial(sqlite3.Connection))
    connection.execute("SELECT 1")
    assert [] == spans()


def test_statements_can_be_raw_or_left_out(spans):
    """As the application wants them; what cannot be is refused."""
    opened(statements="raw").execute("SELECT 'x' FROM users")
    opened(statements="none").execute("SELECT 'x' FROM users")
    raw, none = (span for span in spans() if span.name == "SELECT users")
    assert ("SELECT 'x' FROM users", None) == (
        raw.attributes["db.query.text"],
        none.attributes.get("db.query.text"),
    )
    with pytest.raises(ConfigurationError, match="statements='all'"):
        integration.instrument(statements="all")


def test_a_comment_carries_the_trace_to_the_database_s_log(memory):
    """The statement that is sent ends with it; the one that is recorded has none."""
    connection = opened(comments=True)
    seen = []
    connection.set_trace_callback(seen.append)
    with trace.get_tracer("t").start_as_current_span("work"):
        connection.execute("SELECT 1;")
    assert seen[0].startswith("SELECT 1 /*traceparent='00-")
    assert seen[0].endswith("'*/;")


def test_a_comment_holds_nothing_that_a_driver_takes_for_a_parameter(memory):
    """Baggage, quoted as comments want it, has a `%`, where psycopg2 and PyMySQL look for a value."""
    connection = opened(comments=True)
    seen = []
    connection.set_trace_callback(seen.append)
    with baggage.attached({"user": "ann"}), trace.get_tracer("t").start_as_current_span("work"):
        connection.execute("SELECT 1")
    assert ("%" in seen[0], "traceparent" in seen[0]) == (False, True)


def test_the_legacy_names_are_there_for_who_wants_them(spans):
    """Both at once, while dashboards move."""
    opened(semconv="both").execute("SELECT 1 FROM users")
    attributes = spans()[-1].attributes
    assert ("sqlite", "SELECT ? FROM users", "sqlite") == (
        attributes["db.system"],
        attributes["db.statement"],
        attributes["db.system.name"],
    )


def test_uninstrument_restores_connect_and_quiets_what_is_open(spans):
    """The very function is back; a connection that stays open sends on, unrecorded."""
    before = sqlite3.connect
    connection = opened()
    integration.uninstrument()
    connection.execute("SELECT 1")
    connection.cursor().execute("SELECT 2")
    assert (before, 1) == (sqlite3.connect, len(spans()))


def test_hooks_see_cursor_statement_and_parameters(spans):
    """What a hook adds is in the span."""
    connection = opened(
        request_hook=lambda span, cursor, statement, parameters: span.set_attribute("n", len(parameters)),
        response_hook=lambda span, cursor: span.set_attribute("done", True),
    )
    connection.cursor().execute("SELECT ?", (5,))
    assert (1, True) == (spans()[-1].attributes["n"], spans()[-1].attributes["done"])
