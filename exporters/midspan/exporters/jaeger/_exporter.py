"""Export spans to Jaeger."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from midspan import _trouble, delivery
from midspan.delivery import Verdict
from midspan.exporters._http import http_transport, secrets_in_clear
from midspan.exporters.jaeger._agent import AgentLane
from midspan.exporters.jaeger._collector import CollectorLane
from midspan.exporters.jaeger._frames import Frame, join, split
from midspan.exporters.jaeger._settings import Given, read_settings

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from midspan.delivery import Outcome
    from midspan.exporters._http import Transport
    from midspan.exporters.jaeger._encoding import Encoder
    from midspan.exporters.jaeger._settings import Settings
    from midspan.trace import Span

__all__ = ["JaegerExporter"]

_FOREVER_S: Final = 86_400.0


class JaegerExporter:
    """Send spans to a Jaeger agent over UDP, or to a collector over HTTP, in Jaeger's thrift forms.

    A pipeline keeps what it has encoded until it was taken (`midspan.delivery`). A collector says whether it
    took a request; an agent says nothing, so a datagram that left this machine counts as taken. All methods
    may be called at once, from as many threads as there are.
    """

    name = "jaeger"

    def __init__(  # noqa: PLR0913 - the settings of two ways, all but the first by name
        self,
        endpoint: str | None = None,
        *,
        agent_host: str | None = None,
        agent_port: int | None = None,
        user: str | None = None,
        password: str | None = None,
        auth_token: str | None = None,
        timeout_s: float | None = None,
        certificate: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        transport: Transport | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Take what code says; the rest is read from `OTEL_EXPORTER_JAEGER_*`, then from `JAEGER_*`.

        - `endpoint`: a collector's URL (`http://localhost:14268/api/traces`). Without one, spans go to
        - `agent_host`, `agent_port`: the agent (`localhost`, 6831).
        - `user` and `password`, or `auth_token`: who is calling, for a collector.
        - `timeout_s`: seconds for one request (10).
        - `certificate`: a PEM file with the authorities to trust; `client_certificate` and `client_key`:
          PEM files to prove who is calling.
        - `proxy`: a proxy's URL; variables such as `HTTPS_PROXY` do not count.
        - `transport`: what exchanges requests for answers, in place of HTTP over the network.

        Raises:
            ConfigurationError: A value cannot be; the message names it and what is allowed.
            ImportError: The `thrift` library is missing (`pip install 'midspan[jaeger]'`).
        """
        given = Given(
            endpoint,
            agent_host,
            agent_port,
            user,
            password,
            auth_token,
            timeout_s,
            certificate,
            client_key,
            client_certificate,
            proxy,
        )
        settings = read_settings(given, environment)
        self._encoder = _encoder(to_agent=settings.endpoint is None)
        self._lane = _lane(settings, transport)
        self._manner = "http/thrift.binary" if settings.endpoint else "udp/thrift.compact"
        self._headers = list(settings.endpoint.headers) if settings.endpoint else []

    # What delivery uses (see `midspan.delivery`), and so every pipeline that has not asked for less.

    def encode_spans(self, spans: Sequence[Span]) -> bytes:
        """Return the messages that hold these spans, in one body."""
        return self._encoder.encode(spans)

    def send(self, signal: str, body: bytes, timeout_s: float) -> Outcome:  # noqa: ARG002 - there are only spans
        """Send a body of one message within `timeout_s` seconds; of any other say that it must be cut."""
        frames = list(split(body))
        if not frames:
            return delivery.accepted()
        if len(frames) > 1:
            return delivery.too_large(f"{len(frames)} messages")
        if len(frames[0].message) > self._encoder.limit:
            size = len(frames[0].message)
            return delivery.too_large(f"a span of {size} bytes, of which {self._encoder.limit} are taken")
        return self._lane.deliver(frames[0].message, timeout_s)

    def halve(self, signal: str, body: bytes) -> list[tuple[bytes, int]]:  # noqa: ARG002 - as above
        """Cut a body into its messages, and a message into halves; each comes with its count of spans."""
        frames = list(split(body))
        if len(frames) == 1:
            frames = self._encoder.halve(frames[0])
        return [(join([frame]), frame.spans) for frame in frames]

    @property
    def address(self) -> str:
        """Where it sends to, as it may be shown."""
        return self._lane.where

    # What whoever calls an exporter by himself uses.

    def export_spans(self, spans: Sequence[Span], timeout_s: float | None = None) -> bool:
        """Send spans, in as many messages as it takes; False, counted and said, if one of them was not taken.

        All of it takes at most `timeout_s` seconds.
        """
        deadline_s = time.monotonic() + (_FOREVER_S if timeout_s is None else timeout_s)
        # Each is sent, whatever became of the one before it.
        taken = [self._export(frame, deadline_s) for frame in split(self.encode_spans(spans))]
        return all(taken)

    def _export(self, frame: Frame, deadline_s: float) -> bool:
        body = join([frame])
        outcome = self.send("spans", body, max(deadline_s - time.monotonic(), 0.0))
        if outcome.verdict is Verdict.TOO_LARGE and (halves := self._encoder.halve(frame)):
            taken = [self._export(half, deadline_s) for half in halves]
            return all(taken)
        if outcome.verdict is not Verdict.ACCEPTED:
            _trouble.report("jaeger.not_sent", "spans were not sent: %s", outcome.message)
        return outcome.verdict is Verdict.ACCEPTED

    def shutdown(self, timeout_s: float) -> None:  # noqa: ARG002 - nothing here takes time
        """Close all connections; later requests to a collector fail."""
        self._lane.close()

    def __repr__(self) -> str:
        headers = "".join(f", {name}=..." for name in self._headers)
        return f"JaegerExporter({self.address!r}, {self._manner}{headers})"


def _encoder(*, to_agent: bool) -> Encoder:
    try:
        from midspan.exporters.jaeger import _encoding  # noqa: PLC0415 - so that settings are checked first
    except ImportError as error:
        raise ImportError(f"{error}: pip install 'midspan[jaeger]'") from error
    return _encoding.for_agent() if to_agent else _encoding.for_collector()


def _lane(settings: Settings, transport: Transport | None) -> AgentLane | CollectorLane:
    endpoint = settings.endpoint
    if endpoint is None:
        return AgentLane(settings.host, settings.port)
    secrets = secrets_in_clear(endpoint)
    if transport is None:
        transport = http_transport(endpoint)
    lane = CollectorLane(endpoint.url, settings.timeout_s, transport)
    if secrets:
        _trouble.report("jaeger.in_clear", "%s is sent unencrypted to %s", ", ".join(secrets), lane.where)
    return lane
