"""Tell what instrumenting adds to a web server: the same one plain and instrumented, under the same load."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from compat_tests.performance._collector import Collector
from compat_tests.performance._load import ask
from compat_tests.performance._processes import SideError
from compat_tests.performance._server import COMMANDS, INSTRUMENTS, Server

if TYPE_CHECKING:
    import contextlib
    from pathlib import Path

    from compat_tests.performance._cases import Case

ARRIVES_WITHIN_S = 30


class Served:
    """The two servers of one side, warmed up, and the collector of the instrumented one."""

    def __init__(
        self,
        case: Case,
        side: str,
        python: Path,
        stack: contextlib.ExitStack,
        arrives_within_s: float = ARRIVES_WITHIN_S,
    ) -> None:
        """Start them; raise SideError if one does not answer, or does not record what it should."""
        self._arrives_within_s = arrives_within_s
        self._spans = case.makes if side == "midspan" else case.peer_makes
        self._collector = stack.enter_context(Collector("http"))
        environment = {
            **case.environment,
            "OTEL_SERVICE_NAME": "hello",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{self._collector.address}",
        }
        command = COMMANDS[case.topic]
        self._plain = stack.enter_context(Server(python, command, {}))
        self._traced = stack.enter_context(Server(python, (*INSTRUMENTS[side], *command), environment))
        # What its start has left, a first answer at least.
        self._wait_for(self._spans)
        self.round(case.iterations // 2)

    def round(self, requests: int) -> tuple[float, float]:
        """Return the CPU of a request in us: what was added to the plain server's, and all of it."""
        half = requests // 2
        # A B B A: a drift of the machine hits both alike.
        plain = self._cost_ns(self._plain, half)
        traced = self._cost_ns(self._traced, half, self._spans) + self._cost_ns(
            self._traced, half, self._spans
        )
        plain += self._cost_ns(self._plain, half)
        return (traced - plain) / (2 * half) / 1_000, traced / (2 * half) / 1_000

    def latest(self) -> str:
        """Give the latest payload, in hexadecimal digits."""
        return self._collector.latest()

    def _cost_ns(self, server: Server, requests: int, spans: int = 0) -> int:
        before, wanted = server.cpu_ns(), self._collector.count() + requests * spans
        ask(server.port, requests)
        self._wait_for(wanted)
        return server.cpu_ns() - before

    def _wait_for(self, spans: int) -> None:
        """Wait until so many spans have come, so that their export is in the figure."""
        until = time.monotonic() + self._arrives_within_s
        while self._collector.count() < spans and time.monotonic() < until:
            time.sleep(0.01)
        if self._collector.count() != spans:
            raise SideError(f"{self._collector.count()} spans came, not {spans}")
