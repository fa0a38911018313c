"""opencensus-ext-mysql, in a span of OpenCensus and without one (servers: mariadb)."""

from __future__ import annotations

import _sql
import mysql.connector
from _oc import traced

BRIDGE = "opencensus"
INTEGRATIONS = ("mysql_connector",)
GIVES = """
page | new code
  SELECT client | mysql_connector
  SELECT client | mysql_connector
  COMMIT client | mysql_connector
  oc page | opencensus
    mysql.query client | opencensus
    mysql.query client | opencensus
    COMMIT client | mysql_connector
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["mysql"])


def ask():
    """Send two statements here and two there."""
    _sql.ask(mysql.connector.connect(**_sql.MARIADB))
    with traced():
        _sql.ask(mysql.connector.connect(**_sql.MARIADB))
