"""What every integration of a database shares: names, statements without literals, metrics, comments."""

from __future__ import annotations

from midspan.integrations._db._client import DbCall, DbPolicy, covered
from midspan.integrations._db._cursors import called, executed, executed_many
from midspan.integrations._db._settings import DbOptions, DbSettings, db_settings
from midspan.integrations._db._target import Target
from midspan.integrations._db._traced import Tracing, named_as, traced
from midspan.integrations._db._transactions import end_transaction, put_in_connections

__all__ = [
    "DbCall",
    "DbOptions",
    "DbPolicy",
    "DbSettings",
    "Target",
    "Tracing",
    "called",
    "covered",
    "db_settings",
    "end_transaction",
    "executed",
    "executed_many",
    "named_as",
    "put_in_connections",
    "traced",
]
