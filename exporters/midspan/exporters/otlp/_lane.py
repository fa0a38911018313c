"""One signal's way to its endpoint: pack, send, judge, and say what went wrong."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from midspan import _trouble
from midspan.exporters.otlp._request import NotSentError, judge, pack

if TYPE_CHECKING:
    from midspan.exporters.otlp._request import Answer, Transport
    from midspan.exporters.otlp._settings import Settings

__all__ = ["Lane"]

_FOREVER_S: Final = 86_400.0
_SECRET: Final = re.compile(r"auth|cookie|token|key|secret|password|credential|session", re.IGNORECASE)


class _Words(NamedTuple):
    """How troubles of a signal are told, and under which causes they are counted."""

    what: str
    rejected: str
    causes: str


_WORDS: Final = {
    "traces": _Words("spans", "spans", "otlp"),
    "metrics": _Words("metrics", "data points", "otlp.metrics"),
}


class Lane:
    """Send the payloads of one signal. Safe in several threads, if the transport is."""

    def __init__(self, signal: str, settings: Settings, transport: Transport) -> None:
        """Take a signal, `"traces"` or `"metrics"`, where and how to send it, and what sends."""
        self.settings = settings
        self.transport = transport
        self._signal = signal
        self._words = _WORDS[signal]

    def send(self, payload: bytes, timeout_s: float | None) -> bool:
        """Send a payload in one request; False, counted and said, if it was not accepted."""
        settings = self.settings
        limit_s = min(_FOREVER_S if timeout_s is None else timeout_s, settings.timeout_s)
        request = pack(payload, settings.protocol, settings.compression, self._signal)
        try:
            if limit_s <= 0:
                raise NotSentError("there was no time left")  # noqa: TRY301 - told as any other reason is
            answer = self.transport.send(request, limit_s)
        except NotSentError as error:
            # One cause for all signals: when a collector is away, one line is enough.
            what = self._words.what
            _trouble.report("otlp.not_sent", f"{what} were not sent to %s: %s", self.where, str(error))
            return False
        return self._conclude(answer)

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
        url = urlsplit(self.settings.url)
        if url.scheme != "http" or _is_loopback(url.hostname or ""):
            return []
        return [name for name in self.settings.headers if _SECRET.search(name)]

    @property
    def where(self) -> str:
        """The endpoint as it may be shown: a query may hold a token."""
        return urlsplit(self.settings.url)._replace(query="").geturl()

    @property
    def manner(self) -> str:
        """How it is sent, without secrets."""
        headers = "".join(f", {name}=..." for name in self.settings.headers)
        return f"{self.settings.protocol}, {self.settings.compression}{headers}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
