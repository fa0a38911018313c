"""opencensus-ext-pymysql, in a span of OpenCensus and without one (servers: mariadb)."""

from __future__ import annotations

import _sql
import pymysql
from _oc import traced

BRIDGE = "opencensus"
INTEGRATIONS = ("pymysql",)
GIVES = """
page | new code
  SELECT client | pymysql
  SELECT client | pymysql
  COMMIT client | pymysql
  oc page | opencensus
    SELECT client | pymysql
    SELECT client | pymysql
    COMMIT client | pymysql
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["pymysql"])


def ask():
    """Send two statements here and two there."""
    _sql.ask(pymysql.connect(**_sql.MARIADB))
    with traced():
        _sql.ask(pymysql.connect(**_sql.MARIADB))
