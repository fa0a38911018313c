"""The services of the demo: who they are, and how each is started and stopped as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SERVICES", "Running", "Service", "ServiceError"]

_STOP_TIMEOUT_S: Final = 15.0


class Service(NamedTuple):
    """One service: its name, the interface that it is written for, and what it counts, if it does."""

    name: str
    interface: str
    counts: str | None = None
    per_request: int = 1


# The first is the one that is asked; it calls the next two, and both of these call the ledger. A service for
# another interface is one more line here, one more module beside this one, and one more way to start in
# _serve.py.
SERVICES: Final = (
    Service("storefront", "opentracing"),
    Service("pricing", "native", counts="quotes"),
    Service("shipping", "opencensus", counts="shipping/parcels", per_request=3),
    Service("ledger", "opentracing"),
)


class ServiceError(RuntimeError):
    """A service did not start, or did not deliver what it recorded."""


class Running:
    """A service that runs. Closing its standard input stops it, so none outlives the demo."""

    def __init__(self, service: Service, path: Path, exporter: str, endpoint: str | None) -> None:
        self.service = service
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [
                sys.executable,
                "-m",
                "midspan.demo._serve",
                service.name,
                str(path),
                exporter,
                endpoint or "",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_clean_environment(),
        )

    def port(self) -> int:
        """Wait until the service listens, and return where."""
        return int(self._said("port"))

    def begin(self, urls: Mapping[str, str]) -> None:
        """Tell the service where the others are; now it serves."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.write(json.dumps(dict(urls)) + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """End the service.

        Raises:
            ServiceError: It did not deliver all that it recorded, or did not end.
        """
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self._process.stdin.close()
        delivered = self._said("delivered")
        self._process.wait(_STOP_TIMEOUT_S)
        if delivered != "True":
            message = f"{self.service.name} could not deliver all that it recorded"
            raise ServiceError(message)

    def kill(self) -> None:
        """End the service at once, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def _said(self, what: str) -> str:
        """Read the service's next line, which says `what`."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        key, _, value = self._process.stdout.readline().strip().partition(" ")
        if key != what:
            message = f"{self.service.name} ended early; what it said stands above"
            raise ServiceError(message)
        return value


def _clean_environment() -> dict[str, str]:
    """Return the environment without what would configure telemetry otherwise than the demo does."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("OTEL_", "MIDSPAN_", "JAEGER_"))
    }
