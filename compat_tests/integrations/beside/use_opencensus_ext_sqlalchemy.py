"""opencensus-ext-sqlalchemy, in a span of OpenCensus and without one."""

from __future__ import annotations

import sqlalchemy
from _oc import traced

BRIDGE = "opencensus"
INTEGRATIONS = ("sqlalchemy", "sqlite3")
GIVES = """
page | new code
  PRAGMA client | sqlite3
  SELECT client | sqlalchemy
  SELECT client | sqlalchemy
  oc page | opencensus
    sqlalchemy.query client | opencensus
    sqlalchemy.query client | opencensus
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["sqlalchemy"])


def ask():
    """Send two statements here and two there."""
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        for number in range(2):
            connection.execute(sqlalchemy.text(f"SELECT {number}"))
        with traced():
            for number in range(2):
                connection.execute(sqlalchemy.text(f"SELECT {number}"))
