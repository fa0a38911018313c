"""One signal's way to its endpoint over gRPC: send, judge, and say what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan import _trouble, delivery
from midspan.delivery import Verdict
from midspan.exporters._grpc import Reply, credentials_in_clear, outcome_of_failure
from midspan.exporters._http import Answer
from midspan.exporters.otlp._halving import halve_protobuf
from midspan.exporters.otlp._request import judge
from midspan.exporters.otlp._words import WORDS

if TYPE_CHECKING:
    from midspan.delivery import Outcome
    from midspan.exporters._grpc import Channel
    from midspan.exporters.otlp._grpc_settings import GRPCSettings

__all__ = ["GRPCLane"]

# opentelemetry-proto: trace_service.proto, metrics_service.proto.
_METHODS: Final = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}


class GRPCLane:
    """Send the payloads of one signal. Safe in several threads."""

    def __init__(self, signal: str, settings: GRPCSettings, channel: Channel) -> None:
        """Take a signal, `"traces"` or `"metrics"`, where and how to send it, and what sends."""
        self.settings = settings
        self.transport = channel
        self._signal = signal
        self._words = WORDS[signal]

    def pack(self, payload: bytes) -> bytes:
        """Return a payload as it waits; gRPC compresses what it sends itself."""
        return payload

    def deliver(self, body: bytes, timeout_s: float) -> Outcome:
        """Send a payload in one call, and say what became of it."""
        limit_s = min(timeout_s, self.settings.timeout_s)
        if limit_s <= 0:
            reply = Reply("DEADLINE_EXCEEDED", "there was no time left")
        else:
            reply = self.transport.call(_METHODS[self._signal], body, limit_s)
        if reply.code != "OK":
            return outcome_of_failure(reply, self.where)
        # The same message as over HTTP says that, and how many, items were not wanted.
        judgement = judge(Answer(200, {}, b"".join(reply.bodies[:1])))
        told = f"{self.where}: {judgement.message}" if judgement.rejected or judgement.message else ""
        return delivery.accepted(judgement.rejected, told)

    def halve(self, body: bytes) -> list[tuple[bytes, int]]:
        """Cut a payload in two, each with its count of spans or points."""
        return halve_protobuf(self._signal, body)

    def send(self, payload: bytes, timeout_s: float | None) -> bool:
        """Send a payload in one call; False, counted and said, if it was not accepted."""
        outcome = self.deliver(payload, self.settings.timeout_s if timeout_s is None else timeout_s)
        what, rejected, causes = self._words
        if outcome.verdict is Verdict.RETRY:
            # One cause for all signals: when a collector is away, one line is enough.
            _trouble.report("otlp.not_sent", f"{what} were not sent to %s", outcome.message)
        elif outcome.verdict is not Verdict.ACCEPTED:
            _trouble.report(f"{causes}.refused", f"{what} were refused by %s", outcome.message)
        elif outcome.rejected:
            words = f"%s {rejected} of a batch were rejected by %s"
            _trouble.report(f"{causes}.rejected", words, outcome.rejected, outcome.message)
        elif outcome.message:
            _trouble.report(f"{causes}.warned", f"{what} were accepted with a warning by %s", outcome.message)
        return outcome.verdict is Verdict.ACCEPTED

    def secrets_in_clear(self) -> list[str]:
        """Return the metadata that looks like credentials, where it goes to another host unencrypted."""
        return credentials_in_clear(self.settings.target)

    @property
    def where(self) -> str:
        """The address as it may be shown."""
        return self.settings.target.address

    @property
    def manner(self) -> str:
        """How it is sent, without secrets."""
        target = self.settings.target
        names = "".join(f", {name}=..." for name, _ in target.metadata)
        return f"grpc{'' if target.is_secure else ' without TLS'}, {target.compression}{names}"
