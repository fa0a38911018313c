"""An error is recorded without the values that its message quotes."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.integrations import sqlite3 as integration
from midspan.integrations._db._failure import message_of
from midspan.trace import StatusCode

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("relation \"x\" does not exist\nLINE 1: SELECT 'hunter2'\n",), "relation ? does not exist"),
        ((1062, "Duplicate entry 'hunter2' for key 'users.name'"), "(1062) Duplicate entry ?"),
        (("unknown command 'A', with args beginning with: `it's`",), "unknown command ?"),
        (("Command # 2 (SET a b) of pipeline caused error: WRONG x",), "Command # 2 of a pipeline: WRONG x"),
        (("dup key: { _id: 42 }",), "dup key: ?"),
        (("Invalid b'hunter2'",), "Invalid b?"),
        (("can't connect",), "can't connect"),
        (
            (-1, "Could not process parameters: str(hunter2), it must be"),
            "(-1) Could not process parameters: ?",
        ),
        ((), ""),
    ],
)
def test_what_a_message_quotes_is_left_out(arguments, message):
    """Of several lines the first is told: what follows shows rows and statements."""
    assert message == message_of(ValueError(*arguments))


@given(st.text(alphabet="'\"` hunter2)(#", max_size=30))
def test_a_quoted_value_never_shows_whatever_quotes_it_holds(value):
    """From the first quote to the last one, all is left out."""
    assert "near ? at line 1" == message_of(ValueError(f"near '{value}' at line 1"))


def test_a_failed_statement_tells_no_literal(spans):
    """Neither the event nor the status does, and both tell the type."""
    integration.instrument()
    try:
        connection = sqlite3.connect(":memory:")
        with pytest.raises(sqlite3.OperationalError, match=SECRET):
            # It stands in the line of code as well.
            connection.execute("SELECT 1 FROM nowhere 'hunter2' 'hunter2'")
        connection.close()
    finally:
        integration.uninstrument()
    (span,) = spans()
    assert (StatusCode.ERROR, "sqlite3.OperationalError") == (span.status.code, span.attributes["error.type"])
    (event,) = span.events
    assert SECRET not in f"{span.status.description} {dict(event.attributes)}"
    assert "sqlite3.OperationalError" == event.attributes["exception.type"]
    assert event.attributes["exception.stacktrace"].endswith("OperationalError: near ?: syntax error\n")
