"""What an exporter that sends over a network has to do itself: encode, and send. The rest is done for it.

An exporter with `send` (and `encode_spans`, `encode_metrics`, or both) is given delivery: what it has encoded
is kept until the backend has acknowledged it, sent again where that can help, split where it was too large,
written to disk where that was asked for, and counted whatever becomes of it. Such an exporter is an encoder
and an address:

>>> from midspan import delivery
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

- `pack(signal, body)`, to compress what was encoded: it runs once, before the body waits;
- `max_bytes`, how large a body may be before it is packed (4,000,000): what is larger is encoded in halves;
- `halve(signal, body)`, to cut a packed body that the backend found too large: pairs of body and count.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Protocol

__all__ = [
    "Carrier",
    "Outcome",
    "Verdict",
    "accepted",
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
