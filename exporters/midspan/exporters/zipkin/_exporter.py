"""Send spans to Zipkin over HTTP."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from midspan import _trouble, delivery
from midspan.delivery import Verdict
from midspan.exporters._http import (
    NotSentError,
    Request,
    http_transport,
    outcome_of_failure,
    outcome_of_silence,
    secrets_in_clear,
    shown,
)
from midspan.exporters.zipkin._json import encode_json, halve_json
from midspan.exporters.zipkin._protobuf import encode_protobuf, halve_protobuf
from midspan.exporters.zipkin._settings import Given, read_settings

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from midspan.delivery import Outcome
    from midspan.exporters._http import Answer, Transport
    from midspan.trace import Span

__all__ = ["ZipkinExporter"]

_FORMS: Final = {
    "http/json": (encode_json, halve_json, "application/json"),
    "http/protobuf": (encode_protobuf, halve_protobuf, "application/x-protobuf"),
}
# As for OTLP: level 6 takes twice the time for a payload 6 % smaller.
_GZIP_LEVEL: Final = 3
_FOREVER_S: Final = 86_400.0
# Of what a server says about an error, which may be a page of HTML.
_MAX_SAID: Final = 256


class ZipkinExporter:
    """Send spans to a Zipkin server, or to any backend that takes Zipkin's v2 form over HTTP.

    A pipeline keeps what it has encoded until the server has taken it (`midspan.delivery`). One call of
    `send` or `export_spans` is one request, whose whole duration is bounded, however the server behaves.
    """

    name = "zipkin"

    def __init__(  # noqa: PLR0913 - what there is to say about an address, all but the first by name
        self,
        endpoint: str | None = None,
        *,
        protocol: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        compression: str | None = None,
        certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        transport: Transport | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; endpoint, protocol and timeout may also be in `OTEL_EXPORTER_ZIPKIN_*`.

        - `endpoint`: the whole URL (`http://localhost:9411/api/v2/spans`); to a host alone the path is added.
        - `protocol`: `"http/json"` or `"http/protobuf"`. `compression`: `"none"` or `"gzip"`.
        - `headers`: sent with each request.
        - `timeout_s`: seconds for one request (10).
        - `certificate`: a PEM file with the authorities to trust; `client_certificate` and `client_key`:
          PEM files to prove who is calling.
        - `proxy`: a proxy's URL; variables such as `HTTPS_PROXY` do not count.
        - `transport`: what exchanges requests for answers, in place of HTTP over the network.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
        """
        given = Given(
            endpoint,
            headers,
            timeout_s,
            compression,
            protocol,
            certificate,
            client_key,
            client_certificate,
            proxy,
        )
        self._settings = read_settings(given, environment)
        where = self._settings.endpoint
        self._encode, self._halve, self._media_type = _FORMS[self._settings.protocol]
        self._transport = http_transport(where) if transport is None else transport
        secrets = secrets_in_clear(where)
        if secrets:
            _trouble.report(
                "zipkin.in_clear", "%s is sent unencrypted to %s", ", ".join(secrets), self.address
            )

    # What delivery uses (see `midspan.delivery`).

    def encode_spans(self, spans: Sequence[Span]) -> bytes:
        """Return the payload of a request with these spans."""
        return self._encode(spans)

    def pack(self, signal: str, body: bytes) -> bytes:  # noqa: ARG002 - there are only spans
        """Return a payload as it goes over the wire."""
        # No time is written: the same payload gives the same bytes.
        return gzip.compress(body, _GZIP_LEVEL, mtime=0) if self._is_compressed else body

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:  # noqa: ARG002 - as above
        """Send what was packed, in one request of at most `timeout_s` seconds, or what is configured."""
        limit_s = min(timeout_s, self._settings.timeout_s)
        headers = {"content-type": self._media_type}
        if self._is_compressed:
            headers["content-encoding"] = "gzip"
        if limit_s <= 0:
            return delivery.retry(f"{self.address}: there was no time left")
        try:
            return _outcome_of(self._transport.send(Request(body, headers), limit_s), self.address)
        except NotSentError as error:
            return outcome_of_silence(error, self.address)

    def halve(self, signal: str, body: bytes) -> list[tuple[bytes, int]]:
        """Cut what was packed in two, each with its count of spans."""
        payload = gzip.decompress(body) if self._is_compressed else body
        return [(self.pack(signal, half), count) for half, count in self._halve(payload)]

    @property
    def address(self) -> str:
        """Where it sends to, as it may be shown."""
        return shown(self._settings.endpoint.url)

    @property
    def _is_compressed(self) -> bool:
        return self._settings.compression == "gzip"

    # What whoever calls an exporter by himself uses.

    def export_spans(self, spans: Sequence[Span], timeout_s: float | None = None) -> bool:
        """Send spans in one request; False, counted and said, if they were not accepted."""
        if not spans:
            return True
        body = self.pack("spans", self.encode_spans(spans))
        outcome = self.send("spans", body, _FOREVER_S if timeout_s is None else timeout_s)
        if outcome.verdict is not Verdict.ACCEPTED:
            _trouble.report("zipkin.not_sent", "spans were not accepted: %s", outcome.message)
        return outcome.verdict is Verdict.ACCEPTED

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Close all connections; later exports fail."""
        self._transport.close()

    def __repr__(self) -> str:
        settings = self._settings
        headers = "".join(f", {name}=..." for name in settings.endpoint.headers)
        return f"ZipkinExporter({self.address!r}, {settings.protocol}, {settings.compression}{headers})"


def _outcome_of(answer: Answer, where: str) -> Outcome:
    """Return what became of a request: Zipkin answers 202, and says in text what it does not like."""
    if 200 <= answer.status < 300:  # noqa: PLR2004 - what HTTP calls successful
        return delivery.accepted()
    said = answer.body[:_MAX_SAID].decode("utf-8", "replace")
    return outcome_of_failure(answer, f"{where}: HTTP {answer.status} {said}".rstrip())
