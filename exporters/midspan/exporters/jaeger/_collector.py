"""Send requests to a collector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan import delivery
from midspan.exporters._http import NotSentError, Request, outcome_of_failure, outcome_of_silence, shown

if TYPE_CHECKING:
    from midspan.delivery import Outcome
    from midspan.exporters._http import Transport

__all__ = ["CollectorLane"]

_HEADERS: Final = {"content-type": "application/x-thrift"}
# An error page need not fill the log.
_MAX_SAID: Final = 200


class CollectorLane:
    """The way to one collector. Safe in several threads, if the transport is."""

    def __init__(self, url: str, timeout_s: float, transport: Transport) -> None:
        """Take where to send to, how many seconds a request may take, and what sends."""
        self._timeout_s = timeout_s
        self._transport = transport
        self.where = shown(url)

    def deliver(self, message: bytes, timeout_s: float) -> Outcome:
        """Send a batch in one request, and say what became of it."""
        limit_s = min(timeout_s, self._timeout_s)
        if limit_s <= 0:
            return delivery.retry(f"{self.where}: there was no time left")
        try:
            answer = self._transport.send(Request(message, _HEADERS), limit_s)
        except NotSentError as error:
            return outcome_of_silence(error, self.where)
        if 200 <= answer.status < 300:  # noqa: PLR2004 - what HTTP calls successful
            return delivery.accepted()
        why = answer.body[:_MAX_SAID].decode("utf-8", "replace").strip()
        return outcome_of_failure(answer, f"{self.where}: HTTP {answer.status} {why}".rstrip())

    def close(self) -> None:
        """Close all connections; what is sent from now on is refused."""
        self._transport.close()
