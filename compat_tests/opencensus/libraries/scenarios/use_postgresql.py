"""opencensus-ext-postgresql: psycopg2 with a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg2
from _sql import NOTES_DIFFER, use
from opencensus.ext.postgresql import trace as library

if TYPE_CHECKING:
    from _stage import Stage

__all__ = ["GIVES", "NOTES_DIFFER", "play"]

GIVES = """
page
  postgresql.query [client]
  postgresql.query [client]
  postgresql.query [client]
  postgresql.query [client]
  postgresql.query [client]
  new code
    postgresql.query [client]
    more new code
      postgresql.query [client]
  postgresql.query [client]
page in a thread
  postgresql.query [client]
request
  postgresql.query [client]
    postgresql.query [client]
block
  postgresql.query [client]
block of new code
  postgresql.query [client]
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    library.trace_integration()

    def connect() -> Any:
        return psycopg2.connect(host="127.0.0.1", port=stage.ports["postgres"], user="postgres")

    use(stage, connect, psycopg2.errors.UndefinedTable)
