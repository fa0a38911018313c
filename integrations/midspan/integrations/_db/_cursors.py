"""Send what a DB-API cursor is given (PEP 249), under its span."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._db._client import DbPolicy
    from midspan.integrations._db._target import Target

__all__ = ["called", "executed", "executed_many"]


def executed(
    policy: DbPolicy,
    target: Target,
    native: Callable[..., Any],
    cursor: Any,  # noqa: ANN401 - the driver's
    statement: Any,  # noqa: ANN401 - text, or what the driver takes for one
    *rest: Any,  # noqa: ANN401 - parameters
    **named: Any,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - whatever the driver returns
    """Call `native(statement, *rest)`, the cursor's own `execute`, and return what it returns."""
    if not policy.is_to_record():
        return native(statement, *rest, **named)
    with policy.sql(target, statement, cursor=cursor) as call:
        call.hook(cursor, statement, rest[0] if rest else None)
        result = native(call.commented(statement), *rest, **named)
        call.answer_hook(cursor)
        return result


def executed_many(  # noqa: PLR0913 - as above
    policy: DbPolicy,
    target: Target,
    native: Callable[..., Any],
    cursor: Any,  # noqa: ANN401 - as above
    statement: Any,  # noqa: ANN401 - as above
    parameters: Any,  # noqa: ANN401 - a sequence, or any iterable of them
    *rest: Any,  # noqa: ANN401 - as above
    **named: Any,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - as above
    """Call the cursor's own `executemany`; an iterable without a length is handed on as it is."""
    if not policy.is_to_record():
        return native(statement, parameters, *rest, **named)
    batch = len(parameters) if hasattr(parameters, "__len__") else None
    with policy.sql(target, statement, batch, cursor) as call:
        call.hook(cursor, statement, parameters)
        result = native(call.commented(statement), parameters, *rest, **named)
        call.answer_hook(cursor)
        return result


def called(
    policy: DbPolicy,
    target: Target,
    native: Callable[..., Any],
    cursor: Any,  # noqa: ANN401 - as above
    procedure: str,
    *rest: Any,  # noqa: ANN401 - as above
    **named: Any,  # noqa: ANN401 - as above
) -> Any:  # noqa: ANN401 - as above
    """Call the cursor's own `callproc`."""
    if not policy.is_to_record():
        return native(procedure, *rest, **named)
    with policy.call(target, "CALL", procedure) as call:
        call.hook(cursor, procedure, rest[0] if rest else None)
        result = native(procedure, *rest, **named)
        call.answer_hook(cursor)
        return result
