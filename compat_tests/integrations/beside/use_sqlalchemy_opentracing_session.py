"""sqlalchemy-opentracing, of one session."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy.orm import Session

BRIDGE = "opentracing"
INTEGRATIONS = ("sqlalchemy", "sqlite3")
GIVES = """
page | new code
  PRAGMA client | sqlite3
  SELECT client | sqlalchemy
  SELECT client | sqlalchemy
  textclause | opentracing
  textclause | opentracing
"""
engine = sqlalchemy.create_engine("sqlite://")


def set_up():
    """Set the legacy library up."""
    import opentracing
    import sqlalchemy_opentracing

    sqlalchemy_opentracing.init_tracing(opentracing.tracer, trace_all_engines=False, trace_all_queries=False)
    sqlalchemy_opentracing.register_engine(engine)


def ask():
    """Ask for something twice."""
    import sqlalchemy_opentracing

    for is_legacy in (False, True):
        with Session(engine) as session:
            if is_legacy:
                sqlalchemy_opentracing.set_traced(session)
            for number in range(2):
                session.execute(sqlalchemy.text(f"SELECT {number}"))
