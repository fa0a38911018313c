"""sqlalchemy-opentracing, of all engines."""

from __future__ import annotations

import sqlalchemy

BRIDGE = "opentracing"
INTEGRATIONS = ("sqlalchemy", "sqlite3")
GIVES = """
page | new code
  PRAGMA client | sqlite3
  textclause | opentracing
  textclause | opentracing
"""


def set_up():
    """Set the legacy library up."""
    import opentracing
    import sqlalchemy_opentracing

    sqlalchemy_opentracing.init_tracing(opentracing.tracer)


def ask():
    """Ask for something twice."""
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        for number in range(2):
            connection.execute(sqlalchemy.text(f"SELECT {number}"))
