"""dbapi-opentracing around a connection of psycopg2's (servers: postgres)."""

from __future__ import annotations

import _sql
import psycopg2

BRIDGE = "opentracing"
INTEGRATIONS = ("psycopg2",)
GIVES = """
page | new code
  cursor.execute(SELECT) client | opentracing
  cursor.execute(SELECT) client | opentracing
  connection.commit() client | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from dbapi_opentracing import ConnectionTracing

    connect = psycopg2.connect
    psycopg2.connect = lambda *given, **named: ConnectionTracing(connect(*given, **named))


def ask():
    """Ask for something twice."""
    _sql.ask(psycopg2.connect(**_sql.POSTGRES))
