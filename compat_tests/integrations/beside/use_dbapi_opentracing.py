"""dbapi-opentracing around a connection of sqlite3's."""

from __future__ import annotations

import sqlite3

import _sql

BRIDGE = "opentracing"
INTEGRATIONS = ("sqlite3",)
GIVES = """
page | new code
  Cursor.execute(SELECT) client | opentracing
  Cursor.execute(SELECT) client | opentracing
  Connection.commit() client | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from dbapi_opentracing import ConnectionTracing

    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: ConnectionTracing(connect(*given, **named))


def ask():
    """Ask for something twice."""
    _sql.ask(sqlite3.connect(":memory:"))
