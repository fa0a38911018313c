"""Write metrics to Prometheus, or to whatever takes what Prometheus writes to others."""

from __future__ import annotations

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
from midspan.exporters.prometheus._halving import halve_write_request
from midspan.exporters.prometheus._remote import Given, read_remote
from midspan.exporters.prometheus._write_request import encode_write_request

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from midspan.delivery import Outcome
    from midspan.exporters._http import Answer, Transport
    from midspan.metrics import Metric

__all__ = ["RemoteWriteExporter"]

_HEADERS: Final = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
}
_FOREVER_S: Final = 86_400.0
_MAX_SAID: Final = 256


class RemoteWriteExporter:
    """Send metrics by Prometheus's remote write 1.0: to Prometheus, VictoriaMetrics, Mimir, Thanos and so on.

    A pipeline keeps what it has encoded until it has been taken (`midspan.delivery`). One call of `send` or
    `export_metrics` is one request, whose whole duration is bounded, however the server behaves.
    """

    name = "prometheus_remote_write"
    temporality = "cumulative"

    def __init__(  # noqa: PLR0913 - what there is to say about an address, all but the first by name
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        basic_auth: tuple[str, str] | None = None,
        bearer_token: str | None = None,
        timeout_s: float | None = None,
        certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        scope_labels: bool = True,
        target_info: bool = True,
        transport: Transport | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; endpoint, headers and timeout may be in `MIDSPAN_PROMETHEUS_REMOTE_WRITE_*`.

        - `endpoint`: the whole URL (`http://localhost:9090/api/v1/write`).
        - `headers`: sent with each request. `basic_auth`: user and password. `bearer_token`: a token.
        - `timeout_s`: seconds for one request (10).
        - `certificate`: a PEM file with the authorities to trust; `client_certificate` and `client_key`:
          PEM files to prove who is calling.
        - `proxy`: a proxy's URL; variables such as `HTTPS_PROXY` do not count.
        - `scope_labels`, `target_info`: as for `PrometheusExporter`.
        - `transport`: what exchanges requests for answers, in place of HTTP over the network.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
            ImportError: `cramjam` is missing (extra `prometheus-remote-write`).
        """
        from cramjam import snappy  # noqa: PLC0415 - who is scraped does without

        self._compress, self._decompress = snappy.compress_raw, snappy.decompress_raw
        given = Given(
            endpoint,
            headers,
            basic_auth,
            bearer_token,
            timeout_s,
            certificate,
            client_key,
            client_certificate,
            proxy,
        )
        self._remote = read_remote(given, environment)
        self._with = {"scope_labels": scope_labels, "target_info": target_info}
        where = self._remote.endpoint
        self._transport = http_transport(where) if transport is None else transport
        secrets = secrets_in_clear(where)
        if secrets:
            _trouble.report(
                "prometheus.in_clear", "%s is sent unencrypted to %s", ", ".join(secrets), self.address
            )

    # What delivery uses (see `midspan.delivery`).

    def encode_metrics(self, metrics: Sequence[Metric]) -> bytes:
        """Return the payload of a request with these metrics."""
        return encode_write_request(metrics, **self._with)

    def pack(self, signal: str, body: bytes) -> bytes:  # noqa: ARG002 - there are only metrics
        """Return a payload as it goes over the wire: in snappy's block format, which the protocol demands."""
        return bytes(self._compress(body))

    def halve(self, signal: str, body: bytes) -> list[tuple[bytes, int]]:  # noqa: ARG002 - as above
        """Cut what was packed in two, each with its count of points; nothing comes of a single point."""
        halves = halve_write_request(bytes(self._decompress(body)))
        return [(self.pack("metrics", payload), count) for payload, count in halves]

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:  # noqa: ARG002 - as above
        """Send what was packed, in one request of at most `timeout_s` seconds, or what is configured."""
        limit_s = min(timeout_s, self._remote.timeout_s)
        if limit_s <= 0:
            return delivery.retry(f"{self.address}: there was no time left")
        try:
            return _outcome_of(
                self._transport.send(Request(body, _HEADERS, "metrics"), limit_s), self.address
            )
        except NotSentError as error:
            return outcome_of_silence(error, self.address)

    @property
    def address(self) -> str:
        """Where it sends to, as it may be shown."""
        return shown(self._remote.endpoint.url)

    # What whoever calls an exporter by himself uses.

    def export_metrics(self, metrics: Sequence[Metric], timeout_s: float | None = None) -> bool:
        """Send metrics in one request; False, counted and said, if they were not accepted."""
        if not metrics:
            return True
        body = self.pack("metrics", self.encode_metrics(metrics))
        outcome = self.send("metrics", body, _FOREVER_S if timeout_s is None else timeout_s)
        if outcome.verdict is not Verdict.ACCEPTED:
            _trouble.report("prometheus.not_sent", "metrics were not accepted: %s", outcome.message)
        return outcome.verdict is Verdict.ACCEPTED

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Close all connections; later exports fail."""
        self._transport.close()

    def __repr__(self) -> str:
        headers = "".join(f", {name}=..." for name in self._remote.endpoint.headers)
        return f"RemoteWriteExporter({self.address!r}{headers})"


def _outcome_of(answer: Answer, where: str) -> Outcome:
    """Return what became of a request: whatever a server's fault is may pass (remote write, "Retries")."""
    if 200 <= answer.status < 300:  # noqa: PLR2004 - what HTTP calls successful
        return delivery.accepted()
    said = f"{where}: HTTP {answer.status} {answer.body[:_MAX_SAID].decode('utf-8', 'replace')}".rstrip()
    # The protocol has every 5xx sent again, where others have but some of them.
    passing = answer._replace(status=503) if answer.status >= 500 else answer  # noqa: PLR2004 - as said
    return outcome_of_failure(passing, said)
