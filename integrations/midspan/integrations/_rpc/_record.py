"""Record one call, on either side: its span, its status and how long it took.

Source: OpenTelemetry's semantic conventions for RPC, 1.45 (stable), and 1.37 (legacy).
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import context, metrics, trace
from midspan._redaction import redacted_text
from midspan.integrations import _hooks
from midspan.trace import StatusCode
from midspan.trace._exceptions import type_name

if TYPE_CHECKING:
    from midspan.context import Context
    from midspan.integrations._rpc._method import Method
    from midspan.integrations._rpc._settings import RpcSettings
    from midspan.integrations._rpc._target import Peer
    from midspan.trace import Span

__all__ = ["Record", "RpcPolicy", "Status", "fill_peer"]

# In seconds, as the semantic conventions advise; and what they became from, in milliseconds.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_MILLISECONDS: Final = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
_NS_PER_S: Final = 1e9
_NS_PER_MS: Final = 1e6


class Status(NamedTuple):
    """How a call ended: one of gRPC's status codes."""

    name: str
    number: int


class RpcPolicy:
    """How one integration records the calls of one side, `client` or `server`."""

    __slots__ = ("_is_legacy", "_is_stable", "_milliseconds", "_seconds", "_system", "settings", "tracer")

    side: str

    def __init__(self, scope: str, system: str, settings: RpcSettings) -> None:
        """Take the names of the instrumentation scope and of the protocol, and what is set."""
        self.settings = settings
        self.tracer = trace.get_tracer(scope)
        self._system = system
        self._is_stable = settings.semconv != "legacy"
        self._is_legacy = settings.semconv != "stable"
        meter = metrics.get_meter(scope)
        what = f"How long calls take, as the {self.side} sees it."
        self._seconds = self._milliseconds = None
        if self._is_stable:
            self._seconds = meter.create_histogram(
                f"rpc.{self.side}.call.duration", unit="s", description=what, boundaries=_SECONDS
            )
        if self._is_legacy:
            self._milliseconds = meter.create_histogram(
                f"rpc.{self.side}.duration", unit="ms", description=what, boundaries=_MILLISECONDS
            )

    def is_error(self, status: Status) -> bool:
        """Say whether a call that ended so has failed, as this side sees it."""
        raise NotImplementedError

    def excludes(self, method: Method) -> bool:
        """Say whether a method is one that is not to be recorded."""
        return bool(self.settings.excluded) and method.full in self.settings.excluded

    def attributes(self, method: Method) -> dict[str, Any]:
        """Return what is known of a call before it begins."""
        if not self._is_legacy:
            return {"rpc.system.name": self._system, "rpc.method": method.full}
        found = {"rpc.system": self._system, "rpc.service": method.service, "rpc.method": method.name}
        if self._is_stable:
            # One name, two meanings: the newer counts, and the older is what follows its last slash.
            found.update({"rpc.system.name": self._system, "rpc.method": method.full})
        return found

    def end(self, status: Status) -> dict[str, Any]:
        """Return what the end of a call adds."""
        found: dict[str, Any] = {}
        if self._is_stable:
            found["rpc.response.status_code"] = status.name
        if self._is_legacy:
            found["rpc.grpc.status_code"] = status.number
        return found

    def measure(self, attributes: dict[str, Any], duration_ns: int) -> None:
        """Record how long a call took."""
        if self._seconds is not None:
            self._seconds.record(duration_ns / _NS_PER_S, attributes)
        if self._milliseconds is not None:
            self._milliseconds.record(duration_ns / _NS_PER_MS, attributes)


class Record:
    """One call, from its first byte to its last. Whatever ends it first counts."""

    __slots__ = ("_began_ns", "_is_over", "_measured", "_policy", "context", "span")

    context: Context

    def __init__(self, policy: RpcPolicy, span: Span, measured: dict[str, Any]) -> None:
        """Take a span that has been started, and the attributes of the measurement."""
        self._policy = policy
        self._measured = measured
        self._is_over = False
        self.span = span
        self._began_ns = perf_counter_ns()

    def hook(self, call: object) -> None:
        """Call the application's hook for requests with the library's own object."""
        _hooks.call(self._policy.settings.request_hook, self.span, call)

    def ended(
        self,
        status: Status,
        call: object,
        description: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Call the application's hook for ends with the library's own object and the status, and end."""
        _hooks.call(self._policy.settings.response_hook, self.span, call, status.name)
        self.end(status, description, error)

    def end(self, status: Status, description: str | None = None, error: BaseException | None = None) -> None:
        """End the span with what the status says, and with what was raised, if that is why it failed."""
        if self._is_over:
            return
        self._is_over = True
        duration_ns = perf_counter_ns() - self._began_ns
        attributes = self._policy.end(status)
        if self._policy.is_error(status):
            raised = error if isinstance(error, Exception) else None
            attributes["error.type"] = status.name if raised is None else type_name(raised)
            if raised is None:
                self.span.set_status(StatusCode.ERROR, redacted_text(description or ""))
            else:
                self.span.fail(raised)
        self.span.set_attributes(attributes)
        # So the measurement can tell its trace (exemplars), whichever thread this is.
        with context.attached(self.context):
            self._policy.measure({**self._measured, **attributes}, duration_ns)
        self.span.end()


def fill_peer(attributes: dict[str, Any], side: str, peer: Peer) -> None:
    """Add what is known of the `server` or the `client` that a call goes to or comes from."""
    if peer.address is not None:
        attributes[f"{side}.address"] = peer.address
    if peer.port is not None:
        attributes[f"{side}.port"] = peer.port
