"""Record the statements that are sent through SQLAlchemy, by its ORM or by its core, sync or async.

A span lasts as long as the driver's call, around which the dialect has a method of its own: nothing of
SQLAlchemy's events is needed, and an error is the driver's, without the statement and the parameters that
SQLAlchemy adds to it. A driver that is instrumented as well stays silent.
"""

from __future__ import annotations

import sys
import threading
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._beside import stands_back
from midspan.integrations._db import DbPolicy, Target, covered, db_settings, executed, executed_many
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Unpack

    from midspan.integrations._db import DbOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("SQLAlchemy", "sqlalchemy", oldest="1.4.0")

_integration: Final = Integration("sqlalchemy", LIBRARY)
# Where a legacy library keeps its span, until the statement is done.
_LEGACY: Final = {
    "sqlalchemy_opentracing": "_span",
    "opentracing_instrumentation.client_hooks.sqlalchemy": "opentracing_span",
    "opentracing_utils.libs._sqlalchemy": "_query_span",
}
# By their registered names, where SQLAlchemy's differ.
_SYSTEMS: Final = {"mssql": "microsoft.sql_server", "oracle": "oracle.db", "redshift": "aws.redshift"}


def instrument(engine: Any = None, **options: Unpack[DbOptions]) -> None:  # noqa: ANN401 - SQLAlchemy's own
    """Record the statements of one engine (an `AsyncEngine` too), or, without one, of all.

    Engines that were made before are recorded as well. The options are those of every database; hooks are
    called with the driver's cursor.

    Raises:
        ConfigurationError: SQLAlchemy is missing or too old, or an option is not valid.
    """
    policy = DbPolicy("midspan.integrations.sqlalchemy", db_settings("sqlalchemy", options))

    def put(patches: Patches) -> None:
        from sqlalchemy.engine import Engine  # noqa: PLC0415 - only who instruments it must have it
        from sqlalchemy.engine.default import DefaultDialect  # noqa: PLC0415 - as above

        dialects = _Dialects(policy, patches)
        for dialect in [DefaultDialect, *_subclasses(DefaultDialect)]:
            dialects.put_around(dialect)
        # That of a database which nobody has connected to yet is imported for its first engine.
        patches.around(Engine, "__init__", dialects.arriving)

    if engine is None:
        _integration.turn_on(("sqlalchemy", "sqlalchemy.engine.default"), put)
    else:
        native = getattr(engine, "sync_engine", engine)
        _integration.turn_on_for(native, lambda patches: _put_around(native.dialect, policy, patches))


def uninstrument(engine: Any = None) -> None:  # noqa: ANN401 - as above
    """Take back what `instrument` did to one engine, or to all of them."""
    if engine is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(getattr(engine, "sync_engine", engine))


class _Dialects:
    """The classes of dialects whose methods are wrapped: each that has one of its own."""

    def __init__(self, policy: DbPolicy, patches: Patches) -> None:
        self._policy = policy
        self._patches = patches
        self._known: set[type] = set()
        self._lock = threading.Lock()

    def put_around(self, dialect: type) -> None:
        """Wrap what this class defines itself, once; what it inherits is wrapped where it is defined."""
        with self._lock:
            if dialect not in self._known:
                self._known.add(dialect)
                _put_around(dialect, self._policy, self._patches, only=vars(dialect))

    def arriving(self, native: Callable[..., None]) -> Callable[..., None]:
        """Wrap the constructor of engines."""

        @wraps(native)
        def init(engine: Any, pool: Any, dialect: Any, *rest: Any, **named: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
            if self._patches.on:
                for kind in type(dialect).__mro__[:-1]:
                    self.put_around(kind)
            native(engine, pool, dialect, *rest, **named)

        return init


def _subclasses(kind: Any) -> Iterator[type]:  # noqa: ANN401 - a class
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _put_around(
    dialect: Any,  # noqa: ANN401 - one dialect, or a class of them
    policy: DbPolicy,
    patches: Patches,
    only: Any = None,  # noqa: ANN401 - any container of names
) -> None:
    for name, around in (
        ("do_execute", _sending(policy, patches, executed)),
        ("do_executemany", _sending(policy, patches, executed_many)),
        ("do_execute_no_params", _sending_bare(policy, patches)),
    ):
        if only is None or name in only:
            patches.around(dialect, name, around)


def _sending(policy: DbPolicy, patches: Patches, send: Callable[..., None]) -> Callable[[Any], Any]:
    def around(native: Callable[..., None]) -> Callable[..., None]:
        @wraps(native)
        def do(self: Any, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:  # noqa: ANN401 - SQLAlchemy's own
            if not patches.on:
                native(self, cursor, statement, parameters, context)
                return
            if _is_legacy(context):
                with covered():
                    native(self, cursor, statement, parameters, context)
                return
            driver = partial(native, self, cursor)
            send(policy, _target(self, context), driver, cursor, statement, parameters, context)

        return do

    return around


def _sending_bare(policy: DbPolicy, patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., None]) -> Callable[..., None]:
        @wraps(native)
        def do(self: Any, cursor: Any, statement: Any, context: Any = None) -> None:  # noqa: ANN401 - as above
            if not patches.on:
                native(self, cursor, statement, context)
                return
            if _is_legacy(context):
                with covered():
                    native(self, cursor, statement, context)
                return
            driver = partial(native, self, cursor, context=context)
            executed(policy, _target(self, context), driver, cursor, statement)

        return do

    return around


def _target(dialect: Any, context: Any) -> Target:  # noqa: ANN401 - SQLAlchemy's own
    system = _SYSTEMS.get(dialect.name, dialect.name)
    connection = getattr(context, "root_connection", None)
    if connection is None:
        return Target(system)
    url = connection.engine.url
    if system == "sqlite":
        return Target(system, Path(url.database or ":memory:").name)
    return Target(system, url.database, url.host, url.port)


def _is_legacy(context: Any) -> bool:  # noqa: ANN401 - as above
    """Say whether a legacy library, which listens to the engine, has begun a span of this execution."""
    for module, name in _LEGACY.items():
        if module in sys.modules and getattr(context, name, None) is not None:
            return stands_back("sqlalchemy", module)
    return False
