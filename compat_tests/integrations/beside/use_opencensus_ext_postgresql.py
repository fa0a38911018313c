"""opencensus-ext-postgresql, in a span of OpenCensus and without one (servers: postgres)."""

from __future__ import annotations

import contextlib

import _sql
import psycopg2
from _oc import traced

BRIDGE = "opencensus"
INTEGRATIONS = ("psycopg2",)
GIVES = """
page | new code
  SELECT client | psycopg2
  SELECT client | psycopg2
  COMMIT client | psycopg2
  oc page | opencensus
    postgresql.query client | opencensus
    postgresql.query client | opencensus
    COMMIT client | psycopg2
    postgresql.query client | opencensus
      ROLLBACK client | psycopg2
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["postgresql"])


def ask():
    """Send two statements here and two there."""
    _sql.ask(psycopg2.connect(**_sql.POSTGRES))
    with traced():
        _sql.ask(psycopg2.connect(**_sql.POSTGRES))
        # The extension leaves the span of what fails current.
        connection = psycopg2.connect(**_sql.POSTGRES)
        with contextlib.suppress(psycopg2.Error):
            connection.cursor().execute("SELECT nothing")
        connection.rollback()
        connection.close()
