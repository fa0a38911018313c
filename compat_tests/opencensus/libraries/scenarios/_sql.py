"""Use a database's driver as applications do, whichever it is: rows, failures, new code, threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from opencensus.trace import execution_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from _stage import Stage

LEFT_OPEN = "a span left open inside a block ends with it"
# What applications see after the block of a failed statement: without the bridge, its span is still current.
NOTES_DIFFER = {"current after the block": (LEFT_OPEN, None), "current after new code": (LEFT_OPEN, None)}


def use(stage: Stage, connect: Callable[[], Any], failure: type[Exception]) -> None:
    """Play all of it over a connection that the library has wrapped; `failure` is the driver's own error."""
    connection = connect()
    cursor = connection.cursor()
    tracer = stage.tracer()
    with tracer.span("page"):
        _keep_rows(stage, connection, cursor)
        with stage.native("new code"):
            cursor.execute("UPDATE things SET name = %s WHERE id = %s", ("cake", 1))
            with stage.native("more new code"):
                cursor.execute("DELETE FROM things WHERE id = %s", (2,))
        connection.commit()
        _in_thread(stage, connect)
        cursor.execute("SELECT COUNT(*) FROM things")
        stage.note("count", cursor.fetchone()[0])
    _fail_in_request(stage, connection, cursor, failure)
    _fail_in_blocks(stage, connection, cursor, failure)
    cursor.execute("DROP TABLE things")
    connection.commit()
    connection.close()


def _keep_rows(stage: Stage, connection: Any, cursor: Any) -> None:
    cursor.execute("DROP TABLE IF EXISTS things")
    cursor.execute("CREATE TABLE things (id INTEGER, name VARCHAR(20))")
    cursor.execute("INSERT INTO things VALUES (%s, %s)", (1, "tea"))
    cursor.executemany("INSERT INTO things VALUES (%s, %s)", [(2, "jam"), (3, "bun")])
    connection.commit()
    cursor.execute("SELECT id, name FROM things ORDER BY id")
    stage.note("rows", [list(row) for row in cursor.fetchall()])


def _in_thread(stage: Stage, connect: Callable[[], Any]) -> None:
    """Serve another request in a thread, while this one's page is open."""

    def serve() -> None:
        connection = connect()
        cursor = connection.cursor()
        with stage.tracer().span("page in a thread"):
            cursor.execute("SELECT name FROM things WHERE id = %s", (3,))
            stage.note("row in a thread", list(cursor.fetchone()))
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(timeout=30)


def _fail(stage: Stage, connection: Any, cursor: Any, failure: type[Exception]) -> None:
    try:
        cursor.execute("SELECT nothing FROM nowhere")
    except failure as error:
        stage.note("raised", type(error).__name__)
    connection.rollback()


def _fail_in_request(stage: Stage, connection: Any, cursor: Any, failure: type[Exception]) -> None:
    """Fail as a handler of OpenCensus's middlewares does: they end what is current, then all the rest."""
    tracer = stage.tracer()
    tracer.start_span("request")
    _fail(stage, connection, cursor, failure)
    cursor.execute("SELECT 1")
    cursor.fetchall()
    tracer.end_span()
    tracer.finish()


def _fail_in_blocks(stage: Stage, connection: Any, cursor: Any, failure: type[Exception]) -> None:
    """Fail in a block, whose span and the statement's end in another order with the bridge."""
    stage.let_ends_race()
    tracer = stage.tracer()
    with tracer.span("block"):
        _fail(stage, connection, cursor, failure)
    stage.note("current after the block", _current())
    tracer.finish()
    tracer = stage.tracer()
    with stage.native("block of new code"):
        _fail(stage, connection, cursor, failure)
    stage.note("current after new code", _current())
    tracer.finish()
    execution_context.clear()


def _current() -> str | None:
    return getattr(execution_context.get_current_span(), "name", None)
