"""Record the statements that are sent through the standard library's sqlite3.

The connections are sqlite3's own, of a subclass that was made for the class that the program asks for: what
is a `sqlite3.Connection` stays one, and a `factory` is honoured. Connections that were there before are not
recorded.
"""

from __future__ import annotations

from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.integrations._db import DbPolicy, Target, db_settings, executed, executed_many
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable
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

    _integration.turn_on(("sqlite3", "sqlite3.dbapi2"), put)


def uninstrument() -> None:
    """Open connections as before; those that are open send on without being recorded."""
    _integration.turn_off()


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
            traced: Any = connection
            traced._midspan = _Tracing(policy, _target(arguments, named), patches)
            return connection

        return connect

    return around


class _Tracing(NamedTuple):
    """How the statements of one connection are recorded."""

    policy: DbPolicy
    target: Target
    patches: Patches

    def is_to_record(self) -> bool:
        """Say whether what is sent now is to be recorded."""
        return self.patches.on and self.policy.is_to_record()


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

    class TracedConnection(_traced(native)):  # type: ignore[misc]  # made for whatever class it is given
        def cursor(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - sqlite3's own
            tracing = self._midspan
            asked = arguments[0] if arguments else named.get("factory", sqlite3.Cursor)
            if tracing is None or has_own_cursors or not isinstance(asked, type):
                return super().cursor(*arguments, **named)
            cursor = super().cursor(_traced(asked))
            cursor._midspan = tracing
            return cursor

        def commit(self) -> None:
            self._end(super().commit, "COMMIT")

        def rollback(self) -> None:
            self._end(super().rollback, "ROLLBACK")

        def _end(self, native: Callable[[], None], operation: str) -> None:
            """End a transaction, under a span if there is one to be ended."""
            tracing = self._midspan
            if tracing is None or not self.in_transaction or not tracing.is_to_record():
                native()
                return
            with tracing.policy.call(tracing.target, operation):
                native()

    traced: type[Connection] = _named_as(TracedConnection, native)
    return traced


@cache
def _traced(native: type) -> Any:  # noqa: ANN401 - a subclass of `native`
    """Return a subclass of a connection or of a cursor: both have the same three verbs that send."""

    class Traced(native):  # type: ignore[misc]  # as above
        # Until it is known: a constructor may send something.
        _midspan: _Tracing | None = None

        def execute(self, statement: Any, *rest: Any) -> Any:  # noqa: ANN401 - sqlite3's own
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super().execute(statement, *rest)
            return executed(tracing.policy, tracing.target, super().execute, self, statement, *rest)

        def executemany(self, statement: Any, parameters: Any) -> Any:  # noqa: ANN401 - sqlite3's own
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super().executemany(statement, parameters)
            return executed_many(
                tracing.policy, tracing.target, super().executemany, self, statement, parameters
            )

        def executescript(self, script: str) -> Any:  # noqa: ANN401 - sqlite3's own
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super().executescript(script)
            return executed(tracing.policy, tracing.target, super().executescript, self, script)

    return _named_as(Traced, native)


def _named_as(made: Any, native: type) -> Any:  # noqa: ANN401 - a class
    """Let a class go by the name of the one that it stands for: in reprs and in messages of errors."""
    made.__name__ = native.__name__
    made.__qualname__ = native.__qualname__
    made.__module__ = native.__module__
    return made
