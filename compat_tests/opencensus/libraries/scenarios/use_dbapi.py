"""opencensus-ext-dbapi, by itself, with a driver that none of the others is for: pg8000 and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pg8000.dbapi
from _sql import NOTES_DIFFER, use
from opencensus.ext.dbapi import trace as library

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
    # The driver's own `connect` stays as it is: an application wraps what it opens connections with.
    wrapped = library.wrap_conn(pg8000.dbapi.connect)

    def connect() -> Any:
        return wrapped("postgres", host="127.0.0.1", port=stage.ports["postgres"])

    use(stage, connect, pg8000.dbapi.DatabaseError)
