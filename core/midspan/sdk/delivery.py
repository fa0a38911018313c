"""What an exporter that sends over a network has to do itself: encode, and send. The rest is done for it.

An exporter with `send` (and `encode_spans`, `encode_metrics`, or both) is given delivery: what it has encoded
is kept until the backend has acknowledged it, sent again where that can help, split where it was too large,
written to disk where that was asked for, and counted whatever becomes of it. Such an exporter is an encoder
and an address:

>>> from midspan.sdk import delivery
>>> class Printer:
...     name = "printer"
...     def encode_spans(self, spans):
...         return ",".join(span.name for span in spans).encode()
...     def send(self, signal, body, timeout_s):
...         print(signal, body)
...         return delivery.accepted()
>>> from midspan import sdk, trace
>>> pipeline = sdk.configure(exporters=[Printer()])
>>> with trace.get_tracer("shop").start_as_current_span("charge"):
...     pass
>>> pipeline.force_flush(timeout_s=5)
spans b'charge'
True

It may also have

- `pack(body)`, to compress what was encoded: it runs once, before the body waits;
- `max_bytes`, how large a body may be before it is packed (4,000,000): what is larger is encoded in halves;
- `halve(signal, body)`, to cut a packed body that the backend found too large: two pairs of body and count.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple, Protocol

__all__ = [
    "Carrier",
    "DeliverySettings",
    "Outcome",
    "SpillSettings",
    "Verdict",
    "accepted",
    "is_carrier",
    "refused",
    "retry",
    "too_large",
]


class Verdict(Enum):
    """What became of a body that was sent."""

    ACCEPTED = "accepted"
    # It may be taken later: nobody answered, or the backend said so.
    RETRY = "retry"
    TOO_LARGE = "too_large"
    # It will never be taken.
    REFUSED = "refused"


class Outcome(NamedTuple):
    """What a backend made of a body; `after_s` is how many seconds it asked to be left alone."""

    verdict: Verdict
    # How many of the items the backend did not want, of a body that it took.
    rejected: int = 0
    message: str = ""
    after_s: float | None = None


def accepted(rejected: int = 0, message: str = "") -> Outcome:
    """Say that a body was taken, but for `rejected` of its items."""
    return Outcome(Verdict.ACCEPTED, rejected, message)


def retry(message: str, after_s: float | None = None) -> Outcome:
    """Say that it may help to send the same again, after what the backend asked for or an ordinary pause."""
    return Outcome(Verdict.RETRY, 0, message, after_s)


def too_large(message: str) -> Outcome:
    """Say that smaller bodies may be taken."""
    return Outcome(Verdict.TOO_LARGE, 0, message)


def refused(message: str) -> Outcome:
    """Say that the same body will never be taken."""
    return Outcome(Verdict.REFUSED, 0, message)


class Carrier(Protocol):
    """An exporter that sends; the methods that encode are optional, one for each signal."""

    @property
    def name(self) -> str:
        """What the exporter is called in accounts and logs."""
        ...

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:
        """Send a body of `"spans"` or `"metrics"` within `timeout_s` seconds."""
        ...


class DeliverySettings(NamedTuple):
    """How long and how much is kept for a backend that does not answer.

    `budget_s` is how long a body is sent again and again, from its first attempt on; `first_pause_s` and
    `longest_pause_s` bound the pauses between attempts; `max_bytes` is how much may wait, packed.
    """

    budget_s: float = 300.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0
    # What a backend may ask for at most: it may have come back long before.
    longest_told_s: float = 30.0
    max_bytes: int = 32 * 1024 * 1024


class SpillSettings(NamedTuple):
    """Where, how much (bytes on disk), and how old (seconds) parcels on disk may become."""

    folder: str
    max_bytes: int = 256 * 1024 * 1024
    max_age_s: float = 24 * 3600.0


def is_carrier(exporter: Any) -> bool:  # noqa: ANN401 - any exporter
    """Say whether an exporter encodes and sends, rather than exports."""
    encodes = any(callable(getattr(exporter, f"encode_{signal}", None)) for signal in ("spans", "metrics"))
    return encodes and callable(getattr(exporter, "send", None))
