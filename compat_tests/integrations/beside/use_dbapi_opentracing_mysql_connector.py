"""dbapi-opentracing around a connection of mysql.connector's (servers: mariadb)."""

from __future__ import annotations

import _sql
import mysql.connector

BRIDGE = "opentracing"
INTEGRATIONS = ("mysql_connector",)
GIVES = """
page | new code
  MySQLCursor.execute(SELECT) client | opentracing
  MySQLCursor.execute(SELECT) client | opentracing
  MySQLConnection.commit() client | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from dbapi_opentracing import ConnectionTracing

    connect = mysql.connector.connect
    mysql.connector.connect = lambda *given, **named: ConnectionTracing(connect(*given, **named))


def ask():
    """Ask for something twice."""
    _sql.ask(mysql.connector.connect(**_sql.MARIADB))
