"""Record what is asked of a database: the policy that every driver, ORM and store shares.

Source: OpenTelemetry's semantic conventions for database clients, 1.33 and later (stable), and 1.24 (legacy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from midspan import context, metrics, propagation, trace
from midspan.integrations import _hooks
from midspan.integrations._beside import Legacy
from midspan.integrations._block import Block, is_inside
from midspan.integrations._db import _failure
from midspan.integrations._db._statement import Statement, read
from midspan.integrations._db._target import Target, fill
from midspan.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._db._settings import DbSettings

__all__ = ["DbCall", "DbPolicy", "covered"]

# In seconds, as the semantic conventions advise.
_BOUNDARIES: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)
_NS_PER_S: Final = 1e9
# Under this key the context says that a statement is being sent already: by the library above this one.
_ASKING: Final = object()
# What legacy libraries write on the span of a statement; and one that does not make it current.
_MARKS: Final = {
    "opencensus.ext.dbapi.trace": ("mysql.query", None),
    "opencensus.ext.postgresql.trace": ("postgresql.query", None),
    "opencensus.ext.sqlalchemy.trace": ("sqlalchemy.query", None),
    "dbapi_opentracing.tracing": ("db.type", "sql"),
}
_WRAPPERS: Final = ("opentracing_instrumentation.client_hooks._dbapi2",)
# OpenCensus's leave the span of a statement that has failed current: for the ROLLBACK that follows, say.
_CALLERS: Final = {
    "opencensus.ext.dbapi.trace": "opencensus.ext.dbapi.trace",
    "opencensus.ext.postgresql.trace": "opencensus.ext.postgresql.trace",
    "opencensus.ext.sqlalchemy.trace": "sqlalchemy.engine.base",
}


def covered() -> context.attached:
    """Return a block in which no integration records a statement: somebody else does so already."""
    return context.attached(context.current().with_value(_ASKING, value=True))


class DbPolicy:
    """How one integration records what it asks of databases."""

    __slots__ = ("_is_legacy", "_is_stable", "_legacy", "duration", "settings", "status_of", "tracer")

    def __init__(
        self, scope: str, settings: DbSettings, status_of: Callable[[Exception], str | None] | None = None
    ) -> None:
        """Take the name of the instrumentation scope, and what the application has set.

        `status_of` finds the database's own code in an error (default: where SQL's drivers keep it).
        """
        self.settings = settings
        self.status_of = status_of or _status_of
        self._is_stable = settings.semconv != "legacy"
        self._is_legacy = settings.semconv != "stable"
        self._legacy = Legacy(scope.rpartition(".")[2], _MARKS, _WRAPPERS, only_below=True, callers=_CALLERS)
        self.tracer = trace.get_tracer(scope)
        # The conventions before had no metric of this.
        self.duration = metrics.get_meter(scope).create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="How long database operations take.",
            boundaries=_BOUNDARIES,
        )

    def is_to_record(self) -> bool:
        """Say whether a statement is to be recorded here, and not by a library above this one."""
        return not is_inside(_ASKING) and not trace.is_suppressed() and not self._legacy.is_here()

    def sql(
        self,
        target: Target,
        statement: Any,  # noqa: ANN401 - text, or what the driver takes for one
        batch: int | None = None,
        cursor: Any = None,  # noqa: ANN401 - the driver's
    ) -> DbCall:
        """Return the block in which a statement of SQL is sent, `batch` times with different parameters."""
        text = _text(statement, cursor)
        found = read(text, target.system)
        return self.call(
            target,
            found.operation,
            found.collection,
            summary=found.summary,
            shown=self._shown(text, found),
            batch=batch,
        )

    def call(  # noqa: PLR0913 - what the conventions tell an operation by
        self,
        target: Target,
        operation: str | None,
        collection: str | None = None,
        *,
        summary: str | None = None,
        shown: str | None = None,
        batch: int | None = None,
    ) -> DbCall:
        """Return the block in which something is asked of a database.

        `summary` becomes the span's name (default: operation and collection), `shown` is the text to record.
        """
        attributes = target.attributes(self.settings.semconv)
        if self._is_stable:
            fill(attributes, "db.operation.name", operation)
            fill(attributes, "db.collection.name", collection)
            fill(attributes, "db.query.summary", summary)
            fill(attributes, "db.query.text", shown)
            if batch is not None and batch != 1:
                attributes["db.operation.batch.size"] = batch
        if self._is_legacy:
            fill(attributes, "db.operation", operation)
            fill(attributes, "db.sql.table", collection)
            fill(attributes, "db.statement", shown)
        name = summary or " ".join(filter(None, (operation, collection))) or target.system
        span = self.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        return DbCall(self, span, target, operation, collection)

    def _shown(self, text: str, found: Statement) -> str | None:
        if self.settings.statements == "none":
            return None
        return found.text if self.settings.statements == "sanitized" else text


class DbCall(Block):
    """One operation as a block, in which the integration sends it."""

    __slots__ = ("_collection", "_operation", "_policy", "_status", "_target")

    key = _ASKING

    def __init__(
        self,
        policy: DbPolicy,
        span: trace.Span,
        target: Target,
        operation: str | None,
        collection: str | None,
    ) -> None:
        super().__init__(span)
        self._policy = policy
        self._target = target
        self._operation = operation
        self._collection = collection
        self._status: str | None = None

    def commented(self, statement: Any) -> Any:  # noqa: ANN401 - a driver's own type stays it
        """Return the statement as it is to be sent: with the trace as a comment, if that is wanted."""
        if not self._policy.settings.comments or not isinstance(statement, (str, bytes)):
            return statement
        fields: dict[str, str] = {}
        propagation.inject(fields)
        quoted = {name: quote(value, safe="") for name, value in sorted(fields.items())}
        # A % is where drivers put a parameter: baggage, for one, stays out of statements.
        words = ",".join(f"{name}='{value}'" for name, value in quoted.items() if "%" not in value)
        if not words or _has_comment(statement):
            return statement
        comment = f"/*{words}*/"
        if isinstance(statement, bytes):
            return _before_semicolon(statement, comment.encode(), b";", b" ")
        return _before_semicolon(statement, comment, ";", " ")

    def hook(self, *arguments: Any) -> None:  # noqa: ANN401 - the library's own objects
        """Call the application's hook for what is asked."""
        _hooks.call(self._policy.settings.request_hook, self.span, *arguments)

    def answer_hook(self, *arguments: Any) -> None:  # noqa: ANN401 - as above
        """Call the application's hook for what is answered."""
        _hooks.call(self._policy.settings.response_hook, self.span, *arguments)

    def refused(self, kind: str, status: str | None, message: str) -> None:
        """Tell of an error without an exception: its type, the database's code, its message."""
        self.error, self._status = kind, status
        self.span.set_attribute("error.type", kind)
        if status is not None:
            self.span.set_attribute("db.response.status_code", status)
        is_raw = self._policy.settings.statements == "raw"
        self.span.set_status(StatusCode.ERROR, message if is_raw else _failure.without_values(message))

    def _record(self, error: Exception) -> None:
        if self._policy.settings.statements == "raw":
            super()._record(error)
        else:
            _failure.record(self.span, error)

    def _failed(self, error: Exception) -> None:
        status = self._policy.status_of(error)
        if status is not None:
            self._status = status
            self.span.set_attribute("db.response.status_code", status)

    def _measure(self, duration_ns: int) -> None:
        attributes: dict[str, Any] = {"db.system.name": self._target.system}
        fill(attributes, "db.namespace", self._target.namespace)
        fill(attributes, "server.address", self._target.host)
        fill(attributes, "server.port", self._target.port)
        fill(attributes, "db.operation.name", self._operation)
        fill(attributes, "db.collection.name", self._collection)
        fill(attributes, "error.type", self.error)
        fill(attributes, "db.response.status_code", self._status)
        self._policy.duration.record(duration_ns / _NS_PER_S, attributes)


def _text(statement: Any, cursor: Any) -> str:  # noqa: ANN401 - str, bytes, or an object that becomes one
    if isinstance(statement, str):
        return statement
    if isinstance(statement, (bytes, bytearray)):
        return statement.decode("utf-8", "replace")
    try:
        # psycopg's `sql.SQL(...)` and its like need a connection to become text.
        return str(statement.as_string(cursor))
    except Exception:  # noqa: BLE001 - what it is, the driver will know
        return ""


def _status_of(error: BaseException) -> str | None:
    """Return what the database said: an SQLSTATE or a vendor's code, as the drivers keep it."""
    found = _code_of(error)
    # SQLAlchemy gives asyncpg's errors a class of its own, at first without the code.
    return _code_of(error.__cause__) if found is None and error.__cause__ is not None else found


def _code_of(error: BaseException) -> str | None:
    first = error.args[0] if error.args else None
    if type(first) is int:
        # MySQL's drivers: the number is what its manual lists.
        return str(first)
    for name in ("sqlstate", "pgcode", "sqlite_errorname", "errno", "code"):
        value = getattr(error, name, None)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value:
            return str(value)
    return None


def _has_comment(statement: str | bytes) -> bool:
    return "/*" in statement if isinstance(statement, str) else b"/*" in statement


def _before_semicolon(statement: Any, comment: Any, semicolon: Any, space: Any) -> Any:  # noqa: ANN401 - all str or all bytes
    bare = statement.rstrip()
    if bare.endswith(semicolon):
        return bare[:-1] + space + comment + semicolon
    return bare + space + comment
