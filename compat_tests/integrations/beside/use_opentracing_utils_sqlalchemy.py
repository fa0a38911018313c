"""opentracing-utils' listeners to SQLAlchemy."""

from __future__ import annotations

import sqlalchemy

BRIDGE = "opentracing"
INTEGRATIONS = ("sqlalchemy", "sqlite3")
GIVES = """
page | new code
  PRAGMA client | sqlite3
  select | opentracing
  select | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from opentracing_utils import trace_sqlalchemy

    trace_sqlalchemy()


def ask():
    """Ask for something twice."""
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        for number in range(2):
            connection.execute(sqlalchemy.text(f"SELECT {number}"))
