"""Servers that end with their test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exporters.tests.grpc.server import Server
from exporters.tests.otlp.conftest import elapsed, speak, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["elapsed", "server", "speak", "start", "tunnel"]


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server."""
    servers: list[Server] = []

    def start(*arguments: Any, **options: Any) -> Server:
        servers.append(Server(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(start: Callable[..., Server]) -> Server:
    """Return a server without TLS."""
    return start()
