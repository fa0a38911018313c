"""dbapi-opentracing with opentracing 2.3, as it pins: cursors and transactions of SQLite's driver."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from dbapi_opentracing import ConnectionTracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  Cursor.execute(CREATE) [client]
  Cursor.executemany(INSERT) [client]
  Connection.commit() [client]
  Cursor.execute(SELECT) [client]
  Cursor.execute(SELECT) [client] error
  Connection.rollback() [client]
Connection.commit() [client]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as bare:
        connection = ConnectionTracing(bare, span_tags={"team": "shop"})
        with stage.tracer.start_active_span("page"):
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE things (name text, price int)")
            cursor.executemany("INSERT INTO things VALUES (?, ?)", [("a", 1), ("b", 2)])
            connection.commit()
            cursor.execute("SELECT name FROM things WHERE price > ?", (1,))
            stage.note("rows", cursor.fetchall())
            try:
                cursor.execute("SELECT nothing FROM nowhere")
            except sqlite3.OperationalError as error:
                stage.note("raised", str(error))
            connection.rollback()
        # Not every kind of call has to be traced.
        quiet = ConnectionTracing(bare, trace_execute=False)
        quiet.cursor().execute("SELECT 1")
        quiet.commit()
