"""Encode items into parcels that are small enough to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.context import EMPTY, attached
from midspan.sdk._outbox import Parcel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from midspan.sdk._account import Account

__all__ = ["count_of", "parcels_of"]

# What gRPC servers take by default is 4 MiB, and a little goes into frames and headers.
_MAX_BYTES: Final = 4_000_000


def parcels_of(
    carrier: Any,  # noqa: ANN401 - a Carrier
    signal: str,
    items: Sequence[Any],
    account: Account,
    *,
    is_whole: bool = True,
) -> Iterator[Parcel]:
    """Encode and pack; what is too large is encoded in halves, and what cannot be halved is dropped.

    Of a batch that `is_whole` the account notes how much one item takes: a half may hold the one giant alone.
    """
    count = count_of(signal, items)
    try:
        body = _encoded(carrier, signal, items)
        if is_whole:
            account.item_bytes = len(body) // max(count, 1)
        parcel = _parcel(carrier, signal, body, count)
    except BaseException as error:  # noqa: BLE001 - an exporter may be anybody's; SystemExit must not end the worker
        account.drop("encode_failed", count)
        name = carrier.name
        _trouble.note(f"exporter.{name}", "%s could not encode %s", name, signal, error=error)
        return
    if parcel is not None:
        yield parcel
        return
    halves = _halves(signal, items)
    if not halves:
        account.drop("too_large", count)
        _trouble.note(
            "delivery.too_large", "one of the %s is too large for %s: dropped", signal, carrier.name
        )
    for half in halves:
        yield from parcels_of(carrier, signal, half, account, is_whole=False)


def _encoded(carrier: Any, signal: str, items: Sequence[Any]) -> bytes:  # noqa: ANN401 - as above
    # The worker is kept from tracing itself. But a finalizer that the garbage collector happens to run while
    # this allocates is the application's, and so are its spans: nothing is sent here that could be traced.
    with attached(EMPTY):
        body: bytes = getattr(carrier, f"encode_{signal}")(items)
    return body


def _parcel(carrier: Any, signal: str, body: bytes, count: int) -> Parcel | None:  # noqa: ANN401 - as above
    """Pack what was encoded; None if it would be too large."""
    if len(body) > getattr(carrier, "max_bytes", _MAX_BYTES):
        return None
    pack = getattr(carrier, "pack", None)
    return Parcel(signal, body if pack is None else pack(signal, body), count)


def count_of(signal: str, items: Sequence[Any]) -> int:
    """Return how many spans, or points of metrics, there are."""
    return sum(len(metric.points) for metric in items) if signal == "metrics" else len(items)


def _halves(signal: str, items: Sequence[Any]) -> list[Sequence[Any]]:
    """Cut in two, a single metric between its points; nothing comes of what cannot be cut."""
    middle = len(items) // 2
    if middle:
        return [items[:middle], items[middle:]]
    points = items[0].points if signal == "metrics" else ()
    middle = len(points) // 2
    if not middle:
        return []
    metric = items[0]
    return [[metric._replace(points=points[:middle])], [metric._replace(points=points[middle:])]]
