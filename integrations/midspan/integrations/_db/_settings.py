"""Read how statements are recorded: what was given to `instrument()`, else the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, cast, get_args

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._options import known_only
from midspan.integrations._semconv import Semconv, semconv_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["DbOptions", "DbSettings", "Shown", "db_settings"]

Shown = Literal["sanitized", "raw", "none"]


class DbOptions(TypedDict, total=False):
    """What every integration of a database takes.

    `statements`: how they are recorded: "sanitized", with `?` for each literal (the default), "raw", or
    "none" (default: `MIDSPAN_DB_STATEMENTS`). Parameters are never recorded.

    `comments`: add a comment with the trace context to each statement that is sent, for the database's own
    logs (default: `MIDSPAN_SQL_COMMENTS`, else no). For SQL only.

    `request_hook(span, cursor, statement, parameters)`, `response_hook(span, cursor)`: called for a span
    that records, with the library's own objects.

    `semconv`: "stable", "legacy" or "both" names of attributes and metrics (default: `MIDSPAN_SEMCONV`).
    """

    statements: Shown
    comments: bool
    request_hook: Callable[..., object]
    response_hook: Callable[..., object]
    semconv: Semconv


class DbSettings(NamedTuple):
    """How one integration records statements."""

    statements: Shown
    comments: bool
    request_hook: Callable[..., object] | None
    response_hook: Callable[..., object] | None
    semconv: Semconv


def db_settings(name: str, options: Mapping[str, Any], environment: Environment | None = None) -> DbSettings:
    """Return the settings of the integration `name`.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    environment = environment or Environment()
    known_only(name, DbOptions, options)
    shown = options.get("statements") or environment.text("MIDSPAN_DB_STATEMENTS") or "sanitized"
    if shown not in get_args(Shown):
        allowed = ", ".join(get_args(Shown))
        message = f"statements={shown!r} (MIDSPAN_DB_STATEMENTS) is not valid: allowed are {allowed}"
        raise ConfigurationError(message)
    comments = options.get("comments")
    return DbSettings(
        cast("Shown", shown),
        environment.boolean("MIDSPAN_SQL_COMMENTS") if comments is None else bool(comments),
        options.get("request_hook"),
        options.get("response_hook"),
        semconv_of(options.get("semconv"), "database", environment),
    )
