"""opentracing-instrumentation's listeners to SQLAlchemy."""

from __future__ import annotations

import sqlalchemy

BRIDGE = "opentracing"
INTEGRATIONS = ("sqlalchemy", "sqlite3")
GIVES = """
page | new code
  PRAGMA client | sqlite3
  SQL SELECT client | opentracing
  SQL SELECT client | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from opentracing_instrumentation.client_hooks import sqlalchemy as legacy

    legacy.install_patches()


def ask():
    """Ask for something twice."""
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        for number in range(2):
            connection.execute(sqlalchemy.text(f"SELECT {number}"))
