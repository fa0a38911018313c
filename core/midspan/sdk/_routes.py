"""How one signal leaves for one exporter: by a call that answers at once, or by a courier."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from midspan.sdk._account import Account
from midspan.sdk._parcels import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.sdk._courier import Courier
    from midspan.sdk._exporter import ExporterHandle

__all__ = ["Call", "Carriage", "Route"]


class Route(Protocol):
    """What a queue, or a reader, hands its batches to."""

    @property
    def name(self) -> str:
        """What the exporter is called."""
        ...

    @property
    def account(self) -> Account:
        """What became of what was handed over."""
        ...

    @property
    def under_way(self) -> int:
        """How many batches were handed over and have not left yet."""
        ...

    @property
    def has_room(self) -> bool:
        """Whether more may be handed over."""
        ...

    @property
    def item_bytes(self) -> int:
        """How many bytes are written of one span or point, as far as that is known; else 0."""
        ...

    def when_free(self, tell: Callable[[], object]) -> None:
        """Have `tell` called whenever something has left."""
        ...

    def send(self, items: Sequence[Any], timeout_s: float) -> None:
        """Hand a batch over; what becomes of it is counted, now or later."""
        ...

    def flush(self, deadline_s: float) -> bool:
        """Wait until what was handed over is settled; False if the deadline (monotonic) came first."""
        ...

    def shutdown(self, timeout_s: float) -> bool:
        """Close, once all signals of the exporter have asked for it."""
        ...

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        ...


class Call:
    """Call `export_spans`, or `export_metrics`; what it answers is final."""

    under_way = 0
    has_room = True
    item_bytes = 0

    def __init__(self, exporter: ExporterHandle, signal: str) -> None:
        self._exporter = exporter
        self._signal = signal
        self._export = exporter.export_metrics if signal == "metrics" else exporter.export_spans
        self.name = exporter.name
        self.account = Account()
        self._is_shut = False

    def when_free(self, tell: Callable[[], object]) -> None:
        """Need not: a call is over when it returns."""

    def send(self, items: Sequence[Any], timeout_s: float) -> None:
        """Call, and count by the answer; what is raised in strict mode goes through, counted."""
        accepted = 0
        try:
            accepted = self._export(items, timeout_s)
        finally:
            self.account.conclude(accepted, count_of(self._signal, items))

    def flush(self, deadline_s: float) -> bool:
        """Let the exporter pass on what it holds back; False if it failed, or not by the deadline."""
        return self._is_shut or self._exporter.begin("force_flush", deadline_s)(deadline_s)

    def shutdown(self, timeout_s: float) -> bool:
        """Shut the exporter down."""
        self._is_shut = True
        return self._exporter.shutdown(timeout_s)

    def after_fork(self) -> None:
        """Count from nothing."""
        self.account = Account()


class Carriage:
    """Hand over to a courier, which the other signal may share."""

    def __init__(self, courier: Courier, signal: str) -> None:
        self._courier = courier
        self._signal = signal
        courier.holders.join()
        self.name = courier.name

    @property
    def account(self) -> Account:
        """What became of what was handed over."""
        return self._courier.accounts[self._signal]

    @property
    def under_way(self) -> int:
        """How many batches are on their way, or wait for that."""
        return self._courier.under_way

    @property
    def has_room(self) -> bool:
        """Whether there is room for more."""
        return self._courier.has_room

    @property
    def item_bytes(self) -> int:
        """How many bytes are written of one."""
        return self.account.item_bytes

    def when_free(self, tell: Callable[[], object]) -> None:
        """Have `tell` called whenever a parcel has left."""
        self._courier.when_free.append(tell)

    def send(self, items: Sequence[Any], timeout_s: float) -> None:  # noqa: ARG002 - the courier has its own
        """Encode and keep."""
        self._courier.hand_over(self._signal, items)

    def flush(self, deadline_s: float) -> bool:
        """Wait for what was handed over."""
        return self._courier.flush(deadline_s)

    def shutdown(self, timeout_s: float) -> bool:
        """Close the courier, if this was the last signal."""
        return self._courier.release(time.monotonic() + timeout_s)

    def after_fork(self) -> None:
        """Begin anew."""
        self._courier.after_fork()
