"""Record the statements that are sent through psycopg2.

Connections and cursors are psycopg2's own, of subclasses that were made for the classes that the program asks
for: `isinstance` holds, and factories (`DictCursor`, say) are honoured.
"""

from __future__ import annotations

from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._db import DbPolicy, Target, Tracing, db_settings, end_transaction, named_as, traced
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from midspan.integrations._db import DbOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

# Published as psycopg2 and as psycopg2-binary; the module is the same.
LIBRARY: Final = Library("psycopg2-binary", "psycopg2", oldest="2.9.2")

_integration: Final = Integration("psycopg2", LIBRARY)
_SYSTEM: Final = "postgresql"


def instrument(**options: Unpack[DbOptions]) -> None:
    """Record the statements of every connection that is opened from now on.

    The options are those of every database. `commit` and `rollback` that end a transaction have spans as
    well.

    Raises:
        ConfigurationError: psycopg2 is missing or too old, or an option is not valid.
    """
    policy = DbPolicy("midspan.integrations.psycopg2", db_settings("psycopg2", options))

    def put(patches: Patches) -> None:
        import psycopg2  # noqa: PLC0415 - only who instruments it must have it

        patches.around(psycopg2, "connect", _connecting(policy, patches))

    _integration.turn_on(("psycopg2",), put)


def uninstrument() -> None:
    """Open connections as before; those that are open send on without being recorded."""
    _integration.turn_off()


def _connecting(policy: DbPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def connect(dsn: Any = None, connection_factory: Any = None, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - psycopg2's own
            from psycopg2.extensions import connection  # noqa: PLC0415 - as above

            asked = connection_factory or connection
            if not patches.on or not isinstance(asked, type):
                # A function that makes connections: of what class, only it knows.
                return native(dsn, connection_factory, *rest, **named)
            made = native(dsn, _traced_connection(asked), *rest, **named)
            made._midspan = Tracing(policy, _target(made), patches)
            return made

        return connect

    return around


def _target(connection: Any) -> Target:  # noqa: ANN401 - psycopg2's own
    info = connection.info
    return Target(_SYSTEM, info.dbname, info.host or None, info.port)


@cache
def _traced_connection(native: type) -> Any:  # noqa: ANN401 - a subclass of `native`
    from psycopg2.extensions import TRANSACTION_STATUS_IDLE, cursor  # noqa: PLC0415 - as above

    class TracedConnection(native):  # type: ignore[misc]  # made for whatever class it is given
        _midspan: Tracing | None = None

        def cursor(self, name: Any = None, cursor_factory: Any = None, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - psycopg2's own
            tracing = self._midspan
            asked = cursor_factory or self.cursor_factory or cursor
            if tracing is None or not isinstance(asked, type):
                return super().cursor(name, cursor_factory, *rest, **named)
            made = super().cursor(name, traced(asked), *rest, **named)
            made._midspan = tracing
            return made

        def commit(self) -> None:
            self._end(super().commit, "COMMIT")

        def rollback(self) -> None:
            self._end(super().rollback, "ROLLBACK")

        def _end(self, native: Callable[[], None], operation: str) -> None:
            is_open = not self.closed and self.info.transaction_status != TRANSACTION_STATUS_IDLE
            end_transaction(self._midspan, native, operation, is_open=is_open)

    return named_as(TracedConnection, native)
