"""One signal's way to its endpoint over HTTP: pack, send, judge, and say what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan import _trouble
from midspan.exporters._http import NotSentError, outcome_of_silence, secrets_in_clear, shown
from midspan.exporters.otlp._halving import halve_json, halve_protobuf
from midspan.exporters.otlp._request import compress, decompress, judge, outcome_of, wrap
from midspan.exporters.otlp._words import WORDS

if TYPE_CHECKING:
    from midspan.delivery import Outcome
    from midspan.exporters._http import Answer, Transport
    from midspan.exporters.otlp._settings import Settings

__all__ = ["Lane"]

_FOREVER_S: Final = 86_400.0


class Lane:
    """Send the payloads of one signal. Safe in several threads, if the transport is."""

    def __init__(self, signal: str, settings: Settings, transport: Transport) -> None:
        """Take a signal, `"traces"` or `"metrics"`, where and how to send it, and what sends."""
        self.settings = settings
        self.transport = transport
        self._signal = signal
        self._words = WORDS[signal]

    def pack(self, payload: bytes) -> bytes:
        """Return a payload as it goes over the wire."""
        return compress(payload, self.settings.compression)

    def deliver(self, body: bytes, timeout_s: float) -> Outcome:
        """Send a packed body in one request, and say what became of it."""
        try:
            return outcome_of(self._exchange(body, timeout_s), self.where)
        except NotSentError as error:
            return outcome_of_silence(error, self.where)

    def halve(self, body: bytes) -> list[tuple[bytes, int]]:
        """Cut a packed body in two, each with its count of spans or points."""
        compression = self.settings.compression
        cut = halve_json if self.settings.protocol == "http/json" else halve_protobuf
        halves = cut(self._signal, decompress(body, compression))
        return [(compress(payload, compression), count) for payload, count in halves]

    def send(self, payload: bytes, timeout_s: float | None) -> bool:
        """Send a payload in one request; False, counted and said, if it was not accepted."""
        try:
            answer = self._exchange(self.pack(payload), _FOREVER_S if timeout_s is None else timeout_s)
        except NotSentError as error:
            # One cause for all signals: when a collector is away, one line is enough.
            what = self._words.what
            _trouble.report("otlp.not_sent", f"{what} were not sent to %s: %s", self.where, str(error))
            return False
        return self._conclude(answer)

    def _exchange(self, body: bytes, timeout_s: float) -> Answer:
        settings = self.settings
        limit_s = min(timeout_s, settings.timeout_s)
        if limit_s <= 0:
            raise NotSentError("there was no time left")
        request = wrap(body, settings.protocol, settings.compression, self._signal)
        return self.transport.send(request, limit_s)

    def _conclude(self, answer: Answer) -> bool:
        judgement = judge(answer)
        what, rejected, causes = self._words
        if not judgement.accepted:
            why = answer.status, judgement.message
            _trouble.report(f"{causes}.refused", f"%s refused {what}: HTTP %s %s", self.where, *why)
        elif judgement.rejected:
            why = judgement.rejected, judgement.message
            _trouble.report(
                f"{causes}.rejected", f"%s rejected %s {rejected} of a batch: %s", self.where, *why
            )
        elif judgement.message:
            _trouble.report(
                f"{causes}.warned", f"%s accepted {what} with a warning: %s", self.where, judgement.message
            )
        return judgement.accepted

    def secrets_in_clear(self) -> list[str]:
        """Return the headers that look like credentials, where they go to another host unencrypted."""
        return secrets_in_clear(self.settings.endpoint)

    @property
    def where(self) -> str:
        """The endpoint as it may be shown."""
        return shown(self.settings.url)

    @property
    def manner(self) -> str:
        """How it is sent, without secrets."""
        headers = "".join(f", {name}=..." for name in self.settings.headers)
        return f"{self.settings.protocol}, {self.settings.compression}{headers}"
