"""Export spans over OTLP: encode, pack, send, judge."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from midspan import _trouble
from midspan.exporters._json_form import json_of_spans
from midspan.exporters.otlp._request import NotSentError, judge, pack
from midspan.exporters.otlp._settings import Given, read_settings
from midspan.exporters.otlp._spans import encode_spans

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from midspan.exporters.otlp._request import Answer, Transport
    from midspan.exporters.otlp._settings import Settings
    from midspan.trace import Span

__all__ = ["OTLPExporter"]

_FOREVER_S: Final = 86_400.0
_SECRET: Final = re.compile(r"auth|cookie|token|key|secret|password|credential|session", re.IGNORECASE)


class OTLPExporter:
    """Send spans to a collector, or to any backend that speaks OTLP over HTTP.

    One call of `export_spans` is one request. Its whole duration is bounded, however the server behaves.
    """

    name = "otlp"

    def __init__(  # noqa: PLR0913 - the settings of the specification, all but the first by name
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        compression: str | None = None,
        protocol: str | None = None,
        certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        transport: Transport | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; what it leaves out is read from `OTEL_EXPORTER_OTLP_[TRACES_]*`.

        - `endpoint`: the collector's base URL (`http://localhost:4318`), or the whole one ending in
          `/v1/traces`.
        - `headers`: sent with each request. Those of code replace those of the variables.
        - `timeout_s`: seconds for one request (10).
        - `compression`: `"none"` or `"gzip"`. `protocol`: `"http/protobuf"` or `"http/json"`.
        - `certificate`: a PEM file with the authorities to trust; `client_certificate` and `client_key`:
          PEM files to prove who is calling.
        - `proxy`: a proxy's URL; variables such as `HTTPS_PROXY` do not count.
        - `transport`: what exchanges requests for answers, in place of HTTP over `requests`.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
            ImportError: The `requests` library is missing (`pip install 'midspan[otlp]'`).
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
        self._settings = settings = read_settings(given, environment)
        self._transport = _http_transport(settings) if transport is None else transport
        self._warn_of_credentials_in_clear()

    def export_spans(self, spans: Sequence[Span], timeout_s: float | None = None) -> bool:
        """Send spans in one request; False, counted and said, if they were not accepted.

        The request takes at most `timeout_s` seconds, or what is configured if that is less.
        """
        if not spans:
            return True
        settings = self._settings
        limit_s = min(timeout_s or _FOREVER_S, settings.timeout_s)
        request = pack(self._encode(spans), settings.protocol, settings.compression)
        try:
            answer = self._transport.send(request, limit_s)
        except NotSentError as error:
            _trouble.report("otlp.not_sent", "spans were not sent to %s: %s", self._where, str(error))
            return False
        return self._conclude(answer)

    def _encode(self, spans: Sequence[Span]) -> bytes:
        return (
            json_of_spans(spans).encode() if self._settings.protocol == "http/json" else encode_spans(spans)
        )

    def _conclude(self, answer: Answer) -> bool:
        judgement = judge(answer)
        if not judgement.accepted:
            status, why = answer.status, judgement.message
            _trouble.report("otlp.refused", "%s refused spans: HTTP %s %s", self._where, status, why)
        elif judgement.rejected:
            rejected, why = judgement.rejected, judgement.message
            _trouble.report(
                "otlp.rejected", "%s rejected %s spans of a batch: %s", self._where, rejected, why
            )
        elif judgement.message:
            _trouble.report(
                "otlp.warned", "%s accepted spans with a warning: %s", self._where, judgement.message
            )
        return judgement.accepted

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Close all connections; later exports fail."""
        self._transport.close()

    def _warn_of_credentials_in_clear(self) -> None:
        url = urlsplit(self._settings.url)
        if url.scheme == "http" and not _is_loopback(url.hostname or ""):
            secret = [name for name in self._settings.headers if _SECRET.search(name)]
            if secret:
                _trouble.report(
                    "otlp.in_clear", "%s is sent unencrypted to %s", ", ".join(secret), self._where
                )

    @property
    def _where(self) -> str:
        """The endpoint as it may be shown: a query may hold a token."""
        return urlsplit(self._settings.url)._replace(query="").geturl()

    def __repr__(self) -> str:
        settings = self._settings
        headers = "".join(f", {name}=..." for name in settings.headers)
        return f"OTLPExporter({self._where!r}, {settings.protocol}, {settings.compression}{headers})"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _http_transport(settings: Settings) -> Any:  # noqa: ANN401 - a Transport; `requests` is imported when it is needed
    try:
        from midspan.exporters.otlp._http import HTTPTransport  # noqa: PLC0415 - as said
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'midspan[otlp]'") from error
    return HTTPTransport(settings)
