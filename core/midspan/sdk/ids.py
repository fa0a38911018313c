"""Make trace and span ids."""

from __future__ import annotations

import functools
import random
import time
from typing import TYPE_CHECKING, Protocol

from midspan import _trouble
from midspan._forks import after_in_child

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Guarded", "IdGenerator", "RandomIds", "XRayIds"]


class IdGenerator(Protocol):
    """Anything that makes ids: two functions without arguments. 0 means "none", so 1 is taken for it."""

    # Whether the lower 56 bits of a trace id are random (W3C Trace Context Level 2, "random-trace-id").
    is_random: bool

    @property
    def trace_id(self) -> Callable[[], int]:
        """A function that returns a new trace id, 128 bits."""
        ...

    @property
    def span_id(self) -> Callable[[], int]:
        """A function that returns a new span id, 64 bits."""
        ...


# A generator of our own: an application that seeds `random` must not get the same ids in every process.
_random = random.Random()  # noqa: S311 - ids need to differ, not to be secret
after_in_child(_random.seed)
_bits = _random.getrandbits


class RandomIds:
    """Random ids: 128 bits for a trace, 64 for a span."""

    is_random = True
    # No function of our own around them: a frame costs as much as the digits.
    trace_id = staticmethod(functools.partial(_bits, 128))
    span_id = staticmethod(functools.partial(_bits, 64))


class Guarded:
    """Ids of somebody else's making: random ones stand in for what is no id."""

    def __init__(self, ids: IdGenerator) -> None:
        """Take a generator.

        Raises:
            TypeError: It has no functions `trace_id` and `span_id`.
        """
        if not (callable(getattr(ids, "trace_id", None)) and callable(getattr(ids, "span_id", None))):
            message = f"{ids!r} is no id generator: it has no functions trace_id and span_id"
            raise TypeError(message)
        self.ids = ids
        self.is_random = bool(getattr(ids, "is_random", False))

    def trace_id(self) -> int:
        """Return a trace id."""
        return _checked(self.ids.trace_id, 128)

    def span_id(self) -> int:
        """Return a span id."""
        return _checked(self.ids.span_id, 64)


def _checked(make: Callable[[], int], bits: int) -> int:
    error: Exception | None = None
    try:
        made = make()
        if 0 < made < 1 << bits:
            return int(made)
    except Exception as raised:  # noqa: BLE001 - a generator may be the application's own
        error = raised
    _trouble.report("ids.failed", "the id generator made no id; a random one was taken", error=error)
    return _bits(bits)


class XRayIds:
    """Ids for AWS X-Ray, which wants the time of the start in the upper 32 bits of a trace id."""

    is_random = True
    span_id = staticmethod(functools.partial(_bits, 64))

    @staticmethod
    def trace_id() -> int:
        """Return seconds since the epoch, then 96 random bits."""
        return int(time.time()) << 96 | _bits(96)
