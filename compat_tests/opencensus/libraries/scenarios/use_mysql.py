"""opencensus-ext-mysql: MySQL Connector with a MariaDB server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mysql.connector
from _sql import NOTES_DIFFER, use
from opencensus.ext.mysql import trace as library

if TYPE_CHECKING:
    from _stage import Stage

__all__ = ["GIVES", "NOTES_DIFFER", "play"]

GIVES = """
page
  mysql.query [client]
  mysql.query [client]
  mysql.query [client]
  mysql.query [client]
    mysql.query [client]
  mysql.query [client]
  new code
    mysql.query [client]
    more new code
      mysql.query [client]
  mysql.query [client]
page in a thread
  mysql.query [client]
request
  mysql.query [client]
    mysql.query [client]
block
  mysql.query [client]
block of new code
  mysql.query [client]
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    library.trace_integration()

    def connect() -> Any:
        return mysql.connector.connect(
            host="127.0.0.1", port=stage.ports["mariadb"], user="root", database="shop"
        )

    use(stage, connect, mysql.connector.errors.ProgrammingError)
