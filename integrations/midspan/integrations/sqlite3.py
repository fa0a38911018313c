"""Record the statements that are sent through the standard library's sqlite3.

The connections are sqlite3's own, of a subclass that was made for the class that the program asks for: what
is a `sqlite3.Connection` stays one, and a `factory` is honoured. Connections that were there before are not
recorded. What aiosqlite sends is recorded here as well, below the span of the task that asked for it.
"""

from __future__ import annotations

from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from midspan import context
from midspan.integrations._db import (
    DbPolicy,
    Target,
    Tracing,
    db_settings,
    end_transaction,
    executed,
    named_as,
    traced,
)
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from sqlite3 import Connection

    from typing_extensions import Unpack

    from midspan.integrations._db import DbOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library(None, "sqlite3")

_integration: Final = Integration("sqlite3", LIBRARY)


def instrument(**options: Unpack[DbOptions]) -> None:
    """Record the statements of every connection that is opened from now on.

    The options are those of every database. `commit()` and `rollback()` that end a transaction have spans as
    well; the end of a `with connection:` has none, because Python commits there without calling them.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    policy = DbPolicy("midspan.integrations.sqlite3", db_settings("sqlite3", options))

    def put(patches: Patches) -> None:
        import sqlite3  # noqa: PLC0415 - not every Python has it

        around = _connecting(policy, patches)
        patches.around(sqlite3, "connect", around)
        patches.around(sqlite3.dbapi2, "connect", around)
        patches.when_imported("aiosqlite.core", _put_in_aiosqlite)

    _integration.turn_on(("sqlite3", "sqlite3.dbapi2"), put)


def uninstrument() -> None:
    """Open connections as before; those that are open send on without being recorded."""
    _integration.turn_off()


def _put_in_aiosqlite(patches: Patches) -> None:
    """Carry the context into the thread in which aiosqlite sends: the parent, and who records already."""
    from aiosqlite.core import Connection  # noqa: PLC0415 - as above

    def around(native: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(native)
        def execute(self: Any, function: Any, *arguments: Any, **named: Any) -> Awaitable[Any]:  # noqa: ANN401 - aiosqlite's own
            return native(self, context.carry(function) if patches.on else function, *arguments, **named)

        return execute

    patches.around(Connection, "_execute", around)


def _connecting(policy: DbPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Connection]) -> Callable[..., Connection]:
        @wraps(native)
        def connect(*arguments: Any, **named: Any) -> Connection:  # noqa: ANN401 - sqlite3's own
            if not patches.on:
                return native(*arguments, **named)
            arguments, named, asked = _factory_of(arguments, named)
            if not isinstance(asked, type):
                # A function that makes connections: of what class, only it knows.
                return native(*arguments, **named, factory=asked)
            connection = native(*arguments, **named, factory=_traced_connection(asked))
            made: Any = connection
            made._midspan = Tracing(policy, _target(arguments, named), patches)
            return connection

        return connect

    return around


_FACTORY: Final = 5  # its place among the positional arguments of `connect`


def _factory_of(
    arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """Take the class that the program asks for out of the arguments."""
    from sqlite3 import Connection  # noqa: PLC0415 - as above

    rest = dict(zip(("cached_statements", "uri"), arguments[_FACTORY + 1 :], strict=False))
    named = {**rest, **named}
    asked = arguments[_FACTORY] if len(arguments) > _FACTORY else named.pop("factory", Connection)
    return arguments[:_FACTORY], named, asked


def _target(arguments: tuple[Any, ...], named: dict[str, Any]) -> Target:
    database = str(arguments[0] if arguments else named.get("database", ""))
    return Target("sqlite", namespace=Path(database.removeprefix("file:").partition("?")[0]).name)


@cache
def _traced_connection(native: type[Connection]) -> type[Connection]:
    """Return a subclass that records what it sends, and whose cursors do."""
    import sqlite3  # noqa: PLC0415 - as above

    has_own_cursors = native.cursor is not sqlite3.Connection.cursor

    class TracedConnection(_with_scripts(native)):  # type: ignore[misc]  # made for whatever class it is given
        def cursor(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - sqlite3's own
            tracing = self._midspan
            asked = arguments[0] if arguments else named.get("factory", sqlite3.Cursor)
            if tracing is None or has_own_cursors or not isinstance(asked, type):
                return super().cursor(*arguments, **named)
            cursor = super().cursor(_with_scripts(asked))
            cursor._midspan = tracing
            return cursor

        def commit(self) -> None:
            end_transaction(self._midspan, super().commit, "COMMIT", is_open=self.in_transaction)

        def rollback(self) -> None:
            end_transaction(self._midspan, super().rollback, "ROLLBACK", is_open=self.in_transaction)

    made: type[Connection] = named_as(TracedConnection, native)
    return made


@cache
def _with_scripts(native: type) -> Any:  # noqa: ANN401 - a subclass of `native`
    """Return a traced subclass of a connection or of a cursor: both have the same three verbs that send."""

    class Traced(traced(native)):  # type: ignore[misc]  # as above
        def executescript(self, script: str) -> Any:  # noqa: ANN401 - sqlite3's own
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super().executescript(script)
            return executed(tracing.policy, tracing.target, super().executescript, self, script)

    return named_as(Traced, native)
