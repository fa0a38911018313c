"""Record the statements that are sent through PyMySQL.

Cursors are PyMySQL's own, of subclasses that were made for the classes that the program asks for.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._db import DbPolicy, Target, Tracing, db_settings, put_in_connections, traced
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from midspan.integrations._db import DbOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("PyMySQL", "pymysql", oldest="1.0")

_integration: Final = Integration("pymysql", LIBRARY)
_SYSTEM: Final = "mysql"


def instrument(connection: Any = None, **options: Unpack[DbOptions]) -> None:  # noqa: ANN401 - PyMySQL's own
    """Record the statements of one connection, or, without one, of all, open or yet to be opened.

    Cursors that are made from now on record; the options are those of every database. `commit` and `rollback`
    have spans as well.

    Raises:
        ConfigurationError: PyMySQL is missing or too old, or an option is not valid.
    """
    policy = DbPolicy("midspan.integrations.pymysql", db_settings("pymysql", options))

    def put(patches: Patches) -> None:
        from pymysql.connections import Connection  # noqa: PLC0415 - only who instruments it must have it

        owner = Connection if connection is None else connection
        put_in_connections(policy, patches, [owner], _target, _pointing(policy, patches))

    if connection is None:
        _integration.turn_on(("pymysql.connections",), put)
    else:
        _integration.turn_on_for(connection, put)


def uninstrument(connection: Any = None) -> None:  # noqa: ANN401 - as above
    """Take back what `instrument` did to one connection, or to all of them."""
    if connection is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(connection)


def _pointing(policy: DbPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def cursor(self: Any, cursor: Any = None) -> Any:  # noqa: ANN401 - PyMySQL's own
            asked = cursor or self.cursorclass
            if not patches.on or not isinstance(asked, type):
                return native(self, cursor)
            made = native(self, traced(asked))
            made._midspan = Tracing(policy, _target(self), patches)
            return made

        return cursor

    return around


def _target(connection: Any) -> Target:  # noqa: ANN401 - PyMySQL's own
    database = connection.db
    name = database.decode("utf-8", "replace") if isinstance(database, bytes) else database
    return Target(_SYSTEM, name, connection.host, connection.port)
