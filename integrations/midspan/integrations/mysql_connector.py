"""Record the statements that are sent through MySQL Connector/Python, in its pure and its C form.

Cursors are the connector's own, turned into instances of a subclass: `isinstance` holds.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._db import DbPolicy, Target, Tracing, db_settings, put_in_connections, traced
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Unpack

    from midspan.integrations._db import DbOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("mysql-connector-python", "mysql.connector", oldest="8.0.29")

_integration: Final = Integration("mysql_connector", LIBRARY)
_SYSTEM: Final = "mysql"


def instrument(connection: Any = None, **options: Unpack[DbOptions]) -> None:  # noqa: ANN401 - the connector's own
    """Record the statements of one connection, or, without one, of all, open or yet to be opened.

    Cursors that are made from now on record; the options are those of every database. `commit` and `rollback`
    have spans as well.

    Raises:
        ConfigurationError: The connector is missing or too old, or an option is not valid.
    """
    policy = DbPolicy("midspan.integrations.mysql_connector", db_settings("mysql_connector", options))

    def put(patches: Patches) -> None:
        owners = _classes() if connection is None else (connection,)
        put_in_connections(policy, patches, owners, _target, _pointing(policy, patches))

    if connection is None:
        _integration.turn_on(("mysql.connector",), put)
    else:
        _integration.turn_on_for(connection, put)


def uninstrument(connection: Any = None) -> None:  # noqa: ANN401 - as above
    """Take back what `instrument` did to one connection, or to all of them."""
    if connection is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(connection)


def _classes() -> Iterator[type]:
    """Return the classes of connections: the C form is not there on every machine."""
    from mysql.connector.connection import MySQLConnection  # noqa: PLC0415 - only who instruments it must have it

    yield MySQLConnection
    try:
        from mysql.connector.connection_cext import CMySQLConnection  # noqa: PLC0415 - as above
    except ImportError:
        return
    yield CMySQLConnection


def _pointing(policy: DbPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def cursor(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the connector's own
            made = native(self, *arguments, **named)
            if patches.on:
                # Which class it is of, the connector has found out from its many arguments.
                kind: Any = type(made)
                made.__class__ = traced(kind)
                made._midspan = Tracing(policy, _target(self), patches)
            return made

        return cursor

    return around


def _target(connection: Any) -> Target:  # noqa: ANN401 - the connector's own
    # `database` would ask the server.
    return Target(_SYSTEM, connection._database or None, connection.server_host, connection.server_port)
