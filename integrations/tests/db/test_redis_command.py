"""Of a command of Redis the name is told, and no argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.integrations._redis import operation_of, operation_of_all, shown, shown_all, status_of

ARGUMENT = st.one_of(
    st.text(),
    st.binary(),
    st.integers(),
    st.floats(),
    st.none(),
    st.builds(object),
    st.binary().map(memoryview),
)


@pytest.mark.parametrize(
    ("arguments", "operation", "text"),
    [
        (("GET", "session:hunter2"), "GET", "GET ?"),
        (("set", b"k", 7), "SET", "SET ? ?"),
        ((b"PING",), "PING", "PING"),
        # redis-py sends the words of the first argument as several arguments.
        (("SET k hunter2",), "SET", "SET ? ?"),
        (("CONFIG GET", "dir"), "CONFIG GET", "CONFIG GET ?"),
        (("CONFIG", "get", "dir"), "CONFIG GET", "CONFIG GET ?"),
        (("MSET", *range(17)), "MSET", "MSET" + " ?" * 16 + " ..."),
        (("no name", "hunter2"), "NO", "NO ? ?"),
        (("_hunter2",), None, None),
        ((), None, None),
    ],
)
def test_a_command_goes_by_its_name(arguments, operation, text):
    """Each argument is a question mark, and what is no name is not told."""
    assert (operation, text) == (operation_of(arguments), shown(arguments, "sanitized"))


def test_raw_shows_arguments_but_no_password():
    """They are cut; `none` shows nothing."""
    assert "SET k " + "v" * 256 == shown(("SET", "k", "v" * 1000), "raw")
    assert "AUTH ? ?" == shown(("AUTH", "ann", "hunter2"), "raw")
    assert "CONFIG SET ? ?" == shown(("CONFIG SET", "requirepass", "hunter2"), "raw")
    assert None is shown(("SET", "k", "v"), "none")
    assert shown(("SET", "k", 10**5000), "raw").startswith("SET k ")


def test_a_pipeline_goes_by_what_its_commands_have_in_common():
    """As the conventions for Redis have it; its text is that of its first hundred commands."""
    assert "MULTI GET" == operation_of_all([("GET", "a"), ("get", "b")], "MULTI")
    assert "PIPELINE" == operation_of_all([("GET", "a"), ("SET", "b", 1)], "PIPELINE")
    assert "PIPELINE" == operation_of_all([], "PIPELINE")
    assert "GET ?; SET ? ?" == shown_all([("GET", "a"), ("SET", "b", 1)], "sanitized")
    assert 100 == shown_all([("GET", "a")] * 1000, "sanitized").count("GET")


@given(st.lists(ARGUMENT).map(tuple), st.sampled_from(["sanitized", "raw", "none"]))
def test_whatever_is_sent_can_be_told(arguments, statements):
    """Redis, or its client, says what is wrong with it."""
    operation_of(arguments)
    assert len(shown(arguments, statements) or "") <= 8192


class ResponseError(Exception):
    """Named as redis-py's is: the name is what counts."""


class NoScriptError(ResponseError):
    """As above."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ResponseError("WRONGTYPE Operation against a key"), "WRONGTYPE"),
        (ResponseError("value is not an integer"), "ERR"),
        (ResponseError("EXEC without MULTI"), "ERR"),
        (ResponseError("Command # 1 (SET A b) of pipeline caused error: WRONGTYPE x"), "WRONGTYPE"),
        (ResponseError("Command # 1 (SET A b) of pipeline caused error: ('OOM command',)"), "OOM"),
        (ResponseError("Command # 1 (SET A b) of pipeline caused error: {exception.args}"), None),
        (NoScriptError("No matching script"), "NOSCRIPT"),
        (ResponseError(), "ERR"),
        (OSError("CONNECTION lost"), None),
    ],
)
def test_an_error_is_told_by_redis_own_code(error, code):
    """Also where the client has taken it out of the message."""
    assert code == status_of(error)
