"""Record what is sent through any driver that keeps to the DB-API (PEP 249).

A connection is wrapped in an object that hands everything on, because nothing is known of its class. Where a
driver has an integration of its own (sqlite3, psycopg2, PyMySQL, ...), that one is the better choice: it
gives the program the driver's own objects.

>>> import sqlite3
>>> from midspan.integrations import dbapi
>>> connection = dbapi.instrument(sqlite3.connect(":memory:"), system="sqlite")
>>> connection.cursor().execute("SELECT 1").fetchall()
[(1,)]
>>> connection.close()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan.integrations._db import DbPolicy, Target, db_settings
from midspan.integrations._db._wrapped import Connection

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from midspan.integrations._db import DbOptions

__all__ = ["instrument", "uninstrument"]


def instrument(
    connection: Any,  # noqa: ANN401 - any driver's
    *,
    system: str,
    namespace: str | None = None,
    host: str | None = None,
    port: int | None = None,
    **options: Unpack[DbOptions],
) -> Any:  # noqa: ANN401 - as above
    """Return a connection that does what `connection` does, and records each statement.

    `system` is the kind of database by its registered name (`postgresql`, `oracle.db`, ...), `namespace` the
    name of this one, `host` and `port` where it is. The native connection is the attribute `native`.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    policy = DbPolicy("midspan.integrations.dbapi", db_settings("dbapi", options))
    return Connection(uninstrument(connection), policy, Target(system, namespace, host, port))


def uninstrument(connection: Any) -> Any:  # noqa: ANN401 - any driver's
    """Return the connection that `instrument` was given; any other is returned as it is."""
    return connection.native if isinstance(connection, Connection) else connection
