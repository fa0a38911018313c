"""Make subclasses of a driver's cursors that record what they send.

A driver written in C lets nobody patch its methods, and a wrapper object is not what the program asked for. A
subclass is: `isinstance` holds, and the driver's own functions take it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from midspan.integrations._db._cursors import called, executed, executed_many

if TYPE_CHECKING:
    from midspan.integrations._db._client import DbPolicy
    from midspan.integrations._db._target import Target
    from midspan.integrations._patches import Patches

__all__ = ["Tracing", "named_as", "traced"]


class Tracing(NamedTuple):
    """How the statements of one connection are recorded."""

    policy: DbPolicy
    target: Target
    patches: Patches

    def is_to_record(self) -> bool:
        """Say whether what is sent now is to be recorded."""
        return self.patches.on and self.policy.is_to_record()


@cache
def traced(native: type) -> Any:  # noqa: ANN401 - a subclass of `native`
    """Return a subclass of a cursor, or of a connection with the same verbs, that records what it sends.

    How, its instances are told by their attribute `_midspan`, a `Tracing`; until then they record nothing.
    """

    class Traced(native):  # type: ignore[misc]  # made for whatever class it is given
        _midspan: Tracing | None = None

        def execute(self, statement: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - the driver's own
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super().execute(statement, *rest, **named)
            native = super().execute
            return executed(tracing.policy, tracing.target, native, self, statement, *rest, **named)

        def executemany(self, statement: Any, parameters: Any, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super().executemany(statement, parameters, *rest, **named)
            native = super().executemany
            return executed_many(
                tracing.policy, tracing.target, native, self, statement, parameters, *rest, **named
            )

    if hasattr(native, "callproc"):

        def callproc(self: Any, procedure: str, *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
            tracing = self._midspan
            if tracing is None or not tracing.patches.on:
                return super(Traced, self).callproc(procedure, *rest, **named)
            native = super(Traced, self).callproc
            return called(tracing.policy, tracing.target, native, self, procedure, *rest, **named)

        Traced.callproc = callproc  # not every cursor has it (PEP 249)
    return named_as(Traced, native)


def named_as(made: Any, native: type) -> Any:  # noqa: ANN401 - a class
    """Let a class go by the name of the one that it stands for: in reprs and in messages of errors."""
    made.__name__ = native.__name__
    made.__qualname__ = native.__qualname__
    made.__module__ = native.__module__
    return made
