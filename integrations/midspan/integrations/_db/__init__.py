"""What every integration of a database shares: names, statements without literals, metrics, comments."""

from __future__ import annotations

from midspan.integrations._db._client import DbCall, DbPolicy
from midspan.integrations._db._cursors import called, executed, executed_many
from midspan.integrations._db._settings import DbOptions, DbSettings, db_settings
from midspan.integrations._db._target import Target
from midspan.integrations._db._traced import Tracing, named_as, traced

__all__ = [
    "DbCall",
    "DbOptions",
    "DbPolicy",
    "DbSettings",
    "Target",
    "Tracing",
    "called",
    "db_settings",
    "executed",
    "executed_many",
    "named_as",
    "traced",
]
