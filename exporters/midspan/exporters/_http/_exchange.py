"""What is sent over HTTP and what comes back, apart from how; and what delivery is to do about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from midspan import delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.delivery import Outcome

__all__ = [
    "Answer",
    "Endpoint",
    "NotSentError",
    "Request",
    "Transport",
    "is_passing",
    "outcome_of_failure",
    "outcome_of_silence",
]

# What passes: too many requests, and a server, or the way to it, that is not there now (RFC 9110, RFC 6585).
_RETRYABLE: Final = frozenset({429, 502, 503, 504})
_TOO_LARGE: Final = 413


class Endpoint(NamedTuple):
    """Where to send to, and as whom: a URL, headers with lower-case names, PEM files, a proxy's URL."""

    url: str
    headers: Mapping[str, str] = {}
    certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    proxy: str | None = None


class Request(NamedTuple):
    """A body that is ready to be sent, headers that describe it, and the signal: "traces" or "metrics"."""

    body: bytes
    headers: Mapping[str, str]
    signal: str = "traces"


class Answer(NamedTuple):
    """What a collector said: a status, headers with lower-case names, and a body of limited size."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSentError(Exception):
    """No answer came: the text says why, in words fit for a log; `permanent` that it will not come later."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Transport(Protocol):
    """The one seam to the network."""

    def send(self, request: Request, timeout_s: float) -> Answer:
        """Exchange a request for an answer within `timeout_s` seconds; raises `NotSentError`."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...


def is_passing(status: int) -> bool:
    """Say whether what a status tells of may be over at the next attempt."""
    return status in _RETRYABLE


def outcome_of_failure(answer: Answer, said: str) -> Outcome:
    """Return what became of a request that was answered with an error; `said` is what a log may tell."""
    if is_passing(answer.status):
        return delivery.retry(said, _retry_after_s(answer.headers.get("retry-after", "")))
    return delivery.too_large(said) if answer.status == _TOO_LARGE else delivery.refused(said)


def outcome_of_silence(error: NotSentError, where: str) -> Outcome:
    """Return what became of a request that was not answered."""
    said = f"{where}: {error}"
    return delivery.refused(said) if error.permanent else delivery.retry(said)


def _retry_after_s(text: str) -> float | None:
    """Return the seconds that `Retry-After` asks for (RFC 9110, 10.2.3): a number, or a date."""
    text = text.strip()
    if text.isdecimal() and text.isascii():
        return float(text)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - few backends say a date

    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
