"""Record the end of a transaction."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.integrations._db._client import DbPolicy
    from midspan.integrations._db._target import Target
    from midspan.integrations._db._traced import Tracing
    from midspan.integrations._patches import Patches

__all__ = ["end_transaction", "put_in_connections"]


def end_transaction(
    tracing: Tracing | None, native: Callable[[], None], operation: str, *, is_open: bool
) -> None:
    """Call a connection's own `commit` or `rollback`; under a span, if there is a transaction to be ended."""
    if tracing is None or not is_open or not tracing.is_to_record():
        native()
        return
    with tracing.policy.call(tracing.target, operation):
        native()


def put_in_connections(
    policy: DbPolicy,
    patches: Patches,
    owners: Iterable[Any],
    target_of: Callable[[Any], Target],
    cursor: Callable[[Any], Any],
) -> None:
    """Have connections record: `cursor` is put around their cursors, a span around the end of a transaction.

    For drivers written in Python that cannot say whether a transaction is open: MySQL's.
    """
    for owner in owners:
        patches.around(owner, "cursor", cursor)
        patches.around(owner, "commit", _ending(policy, patches, target_of, "COMMIT"))
        patches.around(owner, "rollback", _ending(policy, patches, target_of, "ROLLBACK"))


def _ending(
    policy: DbPolicy, patches: Patches, target_of: Callable[[Any], Target], operation: str
) -> Callable[[Any], Any]:
    def around(native: Callable[..., None]) -> Callable[..., None]:
        @wraps(native)
        def end(self: Any) -> None:  # noqa: ANN401 - the driver's own
            if not patches.on or not policy.is_to_record():
                native(self)
                return
            with policy.call(target_of(self), operation):
                native(self)

        return end

    return around
