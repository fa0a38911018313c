"""Wrap connections and cursors of drivers of which nothing is known but that they keep to PEP 249."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan.integrations._db._cursors import called, executed, executed_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.integrations._db._client import DbPolicy
    from midspan.integrations._db._target import Target

__all__ = ["Connection", "Cursor"]


class _Wrapped:
    """An object that is its native one in all that is not said here."""

    def __init__(self, native: Any, policy: DbPolicy, target: Target) -> None:  # noqa: ANN401 - any driver's
        vars(self).update(native=native, _policy=policy, _target=target)

    native: Any
    _policy: DbPolicy
    _target: Target

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - what the native one has
        return getattr(self.native, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.native, name, value)

    def __repr__(self) -> str:
        return f"<traced {self.native!r}>"

    def _run(self, function: Callable[..., Any], native: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        """Call one of the native verbs, under its span; what returns the native object returns this one."""
        result = function(self._policy, self._target, native, self.native, *arguments, **named)
        return self if result is self.native else result


class Connection(_Wrapped):
    """A connection whose cursors are traced."""

    def cursor(self, *arguments: Any, **named: Any) -> Cursor:  # noqa: ANN401 - any driver's
        """Return a traced cursor."""
        return Cursor(self.native.cursor(*arguments, **named), self._policy, self._target)

    def commit(self) -> None:
        """End the transaction."""
        self._end(self.native.commit, "COMMIT")

    def rollback(self) -> None:
        """Take the transaction back."""
        self._end(self.native.rollback, "ROLLBACK")

    def _end(self, native: Callable[[], object], operation: str) -> None:
        if not self._policy.is_to_record():
            native()
            return
        with self._policy.call(self._target, operation):
            native()

    def __enter__(self) -> Any:  # noqa: ANN401 - a driver may give something else
        entered = self.native.__enter__()
        return self if entered is self.native else entered

    def __exit__(self, *raised: object) -> Any:  # noqa: ANN401 - as above
        return self.native.__exit__(*raised)


class Cursor(_Wrapped):
    """A cursor whose statements are recorded."""

    def execute(self, statement: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - any driver's
        """Send a statement."""
        return self._run(executed, self.native.execute, statement, *rest, **named)

    def executemany(self, statement: Any, parameters: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        """Send a statement many times."""
        return self._run(executed_many, self.native.executemany, statement, parameters, *rest, **named)

    def callproc(self, procedure: str, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        """Call a stored procedure."""
        return self._run(called, self.native.callproc, procedure, *rest, **named)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.native)

    def __next__(self) -> Any:  # noqa: ANN401 - a row
        return next(self.native)

    def __enter__(self) -> Any:  # noqa: ANN401 - a driver may give something else
        entered = self.native.__enter__()
        return self if entered is self.native else entered

    def __exit__(self, *raised: object) -> Any:  # noqa: ANN401 - as above
        return self.native.__exit__(*raised)
