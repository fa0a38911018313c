"""opentracing-instrumentation's patch of psycopg2, below a span and below none (servers: postgres)."""

from __future__ import annotations

import _sql
import psycopg2

from midspan import context

BRIDGE = "opentracing"
INTEGRATIONS = ("psycopg2",)
GIVES = """
page | new code
  psycopg2:connect client | opentracing
  psycopg2:SELECT client | opentracing
  psycopg2:SELECT client | opentracing
  psycopg2:commit client | opentracing
psycopg2:connect client | opentracing
SELECT client | psycopg2
SELECT client | psycopg2
COMMIT client | psycopg2
"""


def set_up():
    """Set the legacy library up."""
    from opentracing_instrumentation.client_hooks import psycopg2 as legacy

    legacy.install_patches()


def ask():
    """Ask for something twice."""
    _sql.ask(psycopg2.connect(**_sql.POSTGRES))
    with context.attached(context.EMPTY):
        _sql.ask(psycopg2.connect(**_sql.POSTGRES))
