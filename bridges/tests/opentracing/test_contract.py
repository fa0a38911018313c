"""The bridge keeps the contract of all bridges."""

from __future__ import annotations

from typing import Any

import opentracing

from midspan.bridges import opentracing as bridge
from midspan.testing import BridgeContract


class TestOpenTracing(BridgeContract):
    """With the native scope manager, through the global tracer."""

    scope = "midspan.bridges.opentracing"

    def install(self) -> None:
        bridge.install()

    def uninstall(self) -> None:
        bridge.uninstall()

    def block(self, name: str) -> Any:
        # Every release has the attribute; `global_tracer()` came with 2.1.
        return opentracing.tracer.start_active_span(name)
