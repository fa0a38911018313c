"""dbapi-opentracing around a connection that `dbapi` records."""

from __future__ import annotations

import sqlite3

import _sql

from midspan.integrations import dbapi

BRIDGE = "opentracing"
INTEGRATIONS = ()
GIVES = """
page | new code
  Cursor.execute(SELECT) client | opentracing
  Cursor.execute(SELECT) client | opentracing
  Connection.commit() client | opentracing
"""
made = []


def set_up():
    """Set the legacy library up."""
    from dbapi_opentracing import ConnectionTracing

    made.append(ConnectionTracing(dbapi.instrument(sqlite3.connect(":memory:"), system="sqlite")))


def ask():
    """Ask for something twice."""
    _sql.ask(made[0])
