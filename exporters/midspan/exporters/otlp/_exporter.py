"""Export spans and metrics over OTLP: each signal has a lane of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._json_form import json_of_spans
from midspan.exporters._json_metrics import json_of_metrics
from midspan.exporters.otlp._lanes import SIGNALS, lanes_of
from midspan.exporters.otlp._metrics import encode_metrics
from midspan.exporters.otlp._preferences import read_preferences
from midspan.exporters.otlp._said import Given, Said
from midspan.exporters.otlp._spans import encode_spans

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping, Sequence

    from midspan.delivery import Outcome
    from midspan.exporters._http import Transport
    from midspan.exporters.otlp._preferences import TemporalityChoice
    from midspan.metrics import Metric
    from midspan.trace import Span

__all__ = ["OTLPExporter"]

_ENCODERS: Final[dict[str, tuple[Callable[[Any], bytes], Callable[[Any], str]]]] = {
    "spans": (encode_spans, json_of_spans),
    "metrics": (encode_metrics, json_of_metrics),
}


class OTLPExporter:
    """Send spans and metrics to a collector, or to any backend that speaks OTLP, over HTTP or gRPC.

    A pipeline keeps what it has encoded until the backend has taken it (`midspan.delivery`). One call of
    `send`, `export_spans` or `export_metrics` is one request, whose whole duration is bounded, however the
    server behaves. All may be called at once, from as many threads as there are.
    """

    name = "otlp"

    def __init__(  # noqa: PLR0913 - the settings of the specification, all but the first by name
        self,
        endpoint: str | None = None,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        timeout_s: float | None = None,
        compression: str | None = None,
        protocol: str | None = None,
        certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        temporality: TemporalityChoice | None = None,
        histogram_aggregation: str | None = None,
        signals: Collection[str] = SIGNALS,
        insecure: bool | None = None,
        proxy: str | None = None,
        transport: Transport | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; what it leaves out is read from `OTEL_EXPORTER_OTLP_[TRACES_|METRICS_]*`.

        - `protocol`: `"http/protobuf"`, `"http/json"` or `"grpc"`.
        - `endpoint`: over HTTP the collector's base URL (`http://localhost:4318`), or a whole one that ends
          in `/v1/traces` or `/v1/metrics`; over gRPC a URL (`http://localhost:4317`), `host:port`, or
          `unix:/path/to/socket`.
        - `headers`: sent with each request. Those of code replace those of the variables.
        - `timeout_s`: seconds for one request (10).
        - `compression`: `"none"` or `"gzip"`.
        - `certificate`: a PEM file with the authorities to trust; `client_certificate` and `client_key`:
          PEM files to prove who is calling.
        - `temporality`: of metrics: `"cumulative"`, `"delta"`, `"lowmemory"`, or a mapping or function from
          the kind of an instrument to a `Temporality`.
        - `histogram_aggregation`: `"explicit_bucket_histogram"` or `"base2_exponential_bucket_histogram"`.
        - `signals`: what is sent: `"traces"`, `"metrics"`, or both.
        - `insecure`: over gRPC, whether to do without TLS where the endpoint is no URL that says so.
        - `proxy`: a proxy's URL; variables such as `HTTPS_PROXY` do not count.
        - `transport`: what exchanges requests for answers, in place of HTTP over the network.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
            ImportError: Over gRPC, where `grpcio` is missing (`pip install 'midspan[grpc]'`).
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
            insecure,
        )
        self._lanes = lanes_of(signals, given, environment, transport)
        preferences = read_preferences(temporality, histogram_aggregation, environment)
        # What readers look at.
        self.temporality = preferences.temporality
        self.histogram_aggregation = preferences.histogram_aggregation
        self._hide_what_is_not_sent()
        self._warn_of_credentials_in_clear()

    @staticmethod
    def extras(variables: Mapping[str, str] | None = None) -> set[str]:
        """Return the extras with the libraries for the protocols that variables choose.

        Raises:
            ConfigurationError: There is no such protocol.
        """
        protocols = {Said(Given(), variables, signal).protocol for signal in SIGNALS}
        return {"grpc" if protocol == "grpc" else "otlp" for protocol in protocols}

    # What delivery uses (see `midspan.delivery`), and so every pipeline that has not asked for less.

    def encode_spans(self, spans: Sequence[Span]) -> bytes:
        """Return the payload of a request with these spans."""
        return self._encoded("spans", spans)

    def encode_metrics(self, metrics: Sequence[Metric]) -> bytes:
        """Return the payload of a request with these metrics."""
        return self._encoded("metrics", metrics)

    def pack(self, signal: str, body: bytes) -> bytes:
        """Return a payload as it goes over the wire."""
        return self._lanes[signal].pack(body)

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:
        """Send what was packed, in one request of at most `timeout_s` seconds, or what is configured."""
        return self._lanes[signal].deliver(body, timeout_s)

    def halve(self, signal: str, body: bytes) -> list[tuple[bytes, int]]:
        """Cut what was packed in two, each with its count of spans or points."""
        return self._lanes[signal].halve(body)

    @property
    def address(self) -> str:
        """Where it sends to, as it may be shown."""
        return " ".join(dict.fromkeys(lane.where for lane in self._lanes.values()))

    # What whoever calls an exporter by himself uses.

    def export_spans(self, spans: Sequence[Span], timeout_s: float | None = None) -> bool:
        """Send spans in one request; False, counted and said, if they were not accepted.

        The request takes at most `timeout_s` seconds, or what is configured if that is less.
        """
        return not spans or self._lanes["spans"].send(self.encode_spans(spans), timeout_s)

    def export_metrics(self, metrics: Sequence[Metric], timeout_s: float | None = None) -> bool:
        """Send metrics in one request; False, counted and said, if they were not accepted.

        The request takes at most `timeout_s` seconds, or what is configured if that is less.
        """
        return not metrics or self._lanes["metrics"].send(self.encode_metrics(metrics), timeout_s)

    def _encoded(self, signal: str, items: Sequence[Any]) -> bytes:
        to_bytes, to_json = _ENCODERS[signal]
        is_json = self._lanes[signal].settings.protocol == "http/json"
        return to_json(items).encode() if is_json else to_bytes(items)

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Close all connections; later exports fail."""
        # One that was given serves both signals.
        for transport in {id(lane.transport): lane.transport for lane in self._lanes.values()}.values():
            transport.close()

    def _hide_what_is_not_sent(self) -> None:
        """Let a pipeline see that it need not feed this exporter with a signal."""
        for items in _ENCODERS.keys() - self._lanes.keys():
            setattr(self, f"encode_{items}", None)
            setattr(self, f"export_{items}", None)

    def _warn_of_credentials_in_clear(self) -> None:
        for lane in self._lanes.values():
            secrets = lane.secrets_in_clear()
            if secrets:
                _trouble.report(
                    "otlp.in_clear", "%s is sent unencrypted to %s", ", ".join(secrets), lane.where
                )

    def __repr__(self) -> str:
        lanes = self._lanes.values()
        where = ", ".join(repr(lane.where) for lane in lanes)
        manners = dict.fromkeys(lane.manner for lane in lanes)
        return f"OTLPExporter({where}, {'; '.join(manners)})"
