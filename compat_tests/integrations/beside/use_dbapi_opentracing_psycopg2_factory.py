"""dbapi-opentracing's own class of connections for psycopg2 (servers: postgres)."""

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
    from dbapi_opentracing import PsycopgConnectionTracing

    _sql.POSTGRES["connection_factory"] = PsycopgConnectionTracing


def ask():
    """Ask for something twice."""
    _sql.ask(psycopg2.connect(**_sql.POSTGRES))
