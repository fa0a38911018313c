"""A server on loopback that keeps what it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporters.tests.otlp.conftest import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Return a server that answers as Zipkin does."""
    collector = Collector()
    collector.answer = (202, {}, b"")
    yield collector
    collector.close()
