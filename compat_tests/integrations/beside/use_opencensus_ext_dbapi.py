"""opencensus-ext-dbapi, in a span of OpenCensus and without one, around sqlite3."""

from __future__ import annotations

import sqlite3

import _sql
from _oc import traced

BRIDGE = "opencensus"
INTEGRATIONS = ("sqlite3",)
GIVES = """
page | new code
  SELECT client | sqlite3
  SELECT client | sqlite3
  oc page | opencensus
    mysql.query client | opencensus
    mysql.query client | opencensus
"""


def set_up():
    """Wrap what opens connections."""
    from opencensus.ext.dbapi import trace

    sqlite3.connect = trace.wrap_conn(sqlite3.connect)


def ask():
    """Send two statements here and two there."""
    _sql.ask(sqlite3.connect(":memory:"))
    with traced():
        _sql.ask(sqlite3.connect(":memory:"))
