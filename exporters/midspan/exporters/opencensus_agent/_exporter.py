"""Send spans and metrics to an OpenCensus agent over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan import _trouble, delivery
from midspan.delivery import Verdict
from midspan.exporters._grpc import credentials_in_clear, grpc_channel, outcome_of_failure
from midspan.exporters.opencensus_agent._metrics import encode_metrics
from midspan.exporters.opencensus_agent._request import halved
from midspan.exporters.opencensus_agent._settings import Given, read_settings
from midspan.exporters.opencensus_agent._spans import encode_spans

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from midspan.delivery import Outcome
    from midspan.exporters._grpc import Reply
    from midspan.metrics import Metric
    from midspan.trace import Span

__all__ = ["OpenCensusAgentExporter"]

# trace_service.proto, metrics_service.proto
_METHODS: Final = {
    "spans": "/opencensus.proto.agent.trace.v1.TraceService/Export",
    "metrics": "/opencensus.proto.agent.metrics.v1.MetricsService/Export",
}
_FOREVER_S: Final = 86_400.0
# How the Collector writes an error that trying again does not mend (its package consumererror).
_FOR_GOOD: Final = "Permanent error"


class OpenCensusAgentExporter:
    """Send spans and metrics to OpenCensus's agent, or to a Collector with the receiver `opencensus`.

    A pipeline keeps what it has encoded until the agent has taken it (`midspan.delivery`). The agent's
    services are streams without answers: nothing says of a message on a stream that goes on that it was
    taken, as a receiver ends a stream without an error only after all that was on it was. So each request is
    a stream of its own: one message, with its node, then the end, and the status with which the agent ends
    the stream is its answer. They share one connection.

    One call of `send`, `export_spans` or `export_metrics` is one request, whose whole duration is bounded,
    however the agent behaves.
    """

    name = "opencensus_agent"
    # What readers look at: OpenCensus has no type for what tells of changes only.
    temporality = "cumulative"

    def __init__(  # noqa: PLR0913 - what there is to say about an address, all but the first by name
        self,
        endpoint: str | None = None,
        *,
        insecure: bool | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        timeout_s: float | None = None,
        compression: str | None = None,
        certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        scope_labels: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; endpoint, headers and timeout may be in `MIDSPAN_OPENCENSUS_AGENT_*`.

        - `endpoint`: `host:port` (`localhost:55678`), a URL without a path, or `unix:path`. Where no variable
          of ours names one, `OC_AGENT_HOST` counts.
        - `insecure`: whether to do without TLS, where the endpoint is no URL; by default unless there is a
          certificate.
        - `headers`: sent with each request as metadata; `-bin` at the end of a name stands for bytes.
        - `timeout_s`: seconds for one request (10).
        - `compression`: `"none"` or `"gzip"`.
        - `certificate`: a PEM file with the authorities to trust; `client_certificate` and `client_key`:
          PEM files to prove who is calling.
        - `proxy`: a proxy's URL; variables such as `HTTPS_PROXY` do not count.
        - `scope_labels`: labels that tell the scope of each metric.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
            ImportError: The `grpcio` library is missing (`pip install 'midspan[opencensus-agent]'`).
        """
        given = Given(
            endpoint,
            insecure,
            headers,
            timeout_s,
            compression,
            certificate,
            client_key,
            client_certificate,
            proxy,
        )
        self._settings = read_settings(given, environment)
        self._scope_labels = scope_labels
        self._channel = grpc_channel(self._settings.target, "opencensus-agent")
        secrets = credentials_in_clear(self._settings.target)
        if secrets:
            told = "%s is sent unencrypted to %s"
            _trouble.report("opencensus_agent.in_clear", told, ", ".join(secrets), self.address)

    # What delivery uses (see `midspan.delivery`). There is nothing to pack: gRPC compresses by itself.

    def encode_spans(self, spans: Sequence[Span]) -> bytes:
        """Return the message of a request with these spans."""
        return encode_spans(spans)

    def encode_metrics(self, metrics: Sequence[Metric]) -> bytes:
        """Return the message of a request with these metrics."""
        return encode_metrics(metrics, scope_labels=self._scope_labels)

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:
        """Send a message, in one request of at most `timeout_s` seconds, or what is configured."""
        limit_s = min(timeout_s, self._settings.timeout_s)
        if limit_s <= 0:
            return delivery.retry(f"{self.address}: there was no time left")
        return _outcome_of(self._channel.call(_METHODS[signal], body, limit_s), self.address)

    def halve(self, signal: str, body: bytes) -> list[tuple[bytes, int]]:
        """Cut a message in two, each with its count of spans or points."""
        return halved(signal, body)

    @property
    def address(self) -> str:
        """Where it sends to, as it may be shown."""
        return self._settings.target.shown

    # What whoever calls an exporter by himself uses.

    def export_spans(self, spans: Sequence[Span], timeout_s: float | None = None) -> bool:
        """Send spans in one request; False, counted and said, if they were not accepted."""
        return not spans or self._is_taken("spans", self.encode_spans(spans), timeout_s)

    def export_metrics(self, metrics: Sequence[Metric], timeout_s: float | None = None) -> bool:
        """Send metrics in one request; False, counted and said, if they were not accepted."""
        return not metrics or self._is_taken("metrics", self.encode_metrics(metrics), timeout_s)

    def _is_taken(self, signal: str, body: bytes, timeout_s: float | None) -> bool:
        outcome = self.send(signal, body, _FOREVER_S if timeout_s is None else timeout_s)
        if outcome.verdict is not Verdict.ACCEPTED:
            told = f"{signal} were not accepted: %s"
            _trouble.report("opencensus_agent.not_sent", told, outcome.message)
        return outcome.verdict is Verdict.ACCEPTED

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Close the connection; later exports fail."""
        self._channel.close()

    def __repr__(self) -> str:
        target = self._settings.target
        metadata = "".join(f", {name}=..." for name, _ in target.metadata)
        security = "TLS" if target.is_secure else "no TLS"
        return f"OpenCensusAgentExporter({self.address!r}, {security}, {target.compression}{metadata})"


def _outcome_of(reply: Reply, where: str) -> Outcome:
    """Return what became of a message, by the status with which its stream ended.

    The receiver in the Collector hands on whatever error comes from behind it, a queue that is full or too
    little memory as any other, and gRPC makes UNKNOWN of it. So UNKNOWN may pass here, unless it says that
    it will not.
    """
    if reply.code == "OK":
        return delivery.accepted()
    outcome = outcome_of_failure(reply, where)
    is_passing = reply.code == "UNKNOWN" and not reply.is_final and _FOR_GOOD not in reply.message
    if outcome.verdict is Verdict.REFUSED and is_passing:
        return delivery.retry(outcome.message)
    return outcome
