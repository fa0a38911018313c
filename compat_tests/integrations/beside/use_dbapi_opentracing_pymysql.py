"""dbapi-opentracing around a connection of pymysql's (servers: mariadb)."""

from __future__ import annotations

import _sql
import pymysql

BRIDGE = "opentracing"
INTEGRATIONS = ("pymysql",)
GIVES = """
page | new code
  Cursor.execute(SELECT) client | opentracing
  Cursor.execute(SELECT) client | opentracing
  Connection.commit() client | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from dbapi_opentracing import ConnectionTracing

    connect = pymysql.connect
    pymysql.connect = lambda *given, **named: ConnectionTracing(connect(*given, **named))


def ask():
    """Ask for something twice."""
    _sql.ask(pymysql.connect(**_sql.MARIADB))
