"""Measure requests. No attribute here is a client's to make up: each different value would be a series.

Source: OpenTelemetry's semantic conventions for HTTP metrics, stable and 1.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan.integrations._http._known import known_scheme, known_version

if TYPE_CHECKING:
    from typing import Any

    from midspan.integrations._http._request import ClientRequest, ServerRequest
    from midspan.integrations._semconv import Semconv
    from midspan.metrics import Meter

__all__ = ["ClientMetrics", "ServerMetrics"]

# In seconds, as the semantic conventions advise; and what they became from, in milliseconds.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_MILLISECONDS: Final = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
_NS_PER_S: Final = 1e9
_NS_PER_MS: Final = 1e6


class _Durations:
    """The histogram of how long requests take, by one choice of names or by both."""

    __slots__ = ("milliseconds", "seconds")

    def __init__(self, meter: Meter, side: str, semconv: Semconv) -> None:
        self.seconds = self.milliseconds = None
        if semconv != "legacy":
            self.seconds = meter.create_histogram(
                f"http.{side}.request.duration",
                unit="s",
                description=f"How long HTTP {side} requests take.",
                boundaries=_SECONDS,
            )
        if semconv != "stable":
            self.milliseconds = meter.create_histogram(
                f"http.{side}.duration",
                unit="ms",
                description=f"How long HTTP {side} requests take.",
                boundaries=_MILLISECONDS,
            )


class ServerMetrics:
    """How many requests are being served, and how long they took."""

    __slots__ = ("_active", "_durations", "_is_legacy")

    def __init__(self, meter: Meter, semconv: Semconv) -> None:
        self._durations = _Durations(meter, "server", semconv)
        self._is_legacy = semconv == "legacy"
        self._active = meter.create_up_down_counter(
            "http.server.active_requests", unit="{request}", description="How many requests are being served."
        )

    def began(self, request: ServerRequest) -> dict[str, Any]:
        """Count a request in, and return what `ended` wants to count it out."""
        names = ("http.method", "http.scheme") if self._is_legacy else ("http.request.method", "url.scheme")
        active = {names[0]: request.known_method, names[1]: known_scheme(request.scheme)}
        self._active.add(1, active)
        return active

    def ended(  # noqa: PLR0913 - what a duration is told apart by
        self,
        active: dict[str, Any],
        request: ServerRequest,
        duration_ns: int,
        route: str | None,
        status: int | None,
        error: str | None,
    ) -> None:
        """Count a request out, and record how long it took."""
        self._active.add(-1, active)
        method, scheme = active.values()
        version = known_version(request.version)
        if self._durations.seconds is not None:
            attributes = {"http.request.method": method, "url.scheme": scheme}
            if version:
                attributes["network.protocol.version"] = version
            self._durations.seconds.record(
                duration_ns / _NS_PER_S,
                _with_end(attributes, "http.response.status_code", route, status, error),
            )
        if self._durations.milliseconds is not None:
            attributes = {"http.method": method, "http.scheme": scheme}
            if version:
                attributes["http.flavor"] = version
            self._durations.milliseconds.record(
                duration_ns / _NS_PER_MS, _with_end(attributes, "http.status_code", route, status, None)
            )


class ClientMetrics:
    """How long the requests took that were sent."""

    __slots__ = ("_durations",)

    def __init__(self, meter: Meter, semconv: Semconv) -> None:
        self._durations = _Durations(meter, "client", semconv)

    def ended(self, request: ClientRequest, duration_ns: int, status: int | None, error: str | None) -> None:
        """Record how long a request took."""
        if self._durations.seconds is not None:
            attributes: dict[str, Any] = {"http.request.method": request.known_method}
            if request.host:
                attributes["server.address"] = request.host
                attributes["server.port"] = request.port or 0
            self._durations.seconds.record(
                duration_ns / _NS_PER_S,
                _with_end(attributes, "http.response.status_code", None, status, error),
            )
        if self._durations.milliseconds is not None:
            attributes = {"http.method": request.known_method, "http.scheme": request.scheme}
            if request.host:
                attributes["net.peer.name"] = request.host
                attributes["net.peer.port"] = request.port or 0
            self._durations.milliseconds.record(
                duration_ns / _NS_PER_MS, _with_end(attributes, "http.status_code", None, status, None)
            )


def _with_end(
    attributes: dict[str, Any], status_key: str, route: str | None, status: int | None, error: str | None
) -> dict[str, Any]:
    if route is not None:
        attributes["http.route"] = route
    if status is not None:
        attributes[status_key] = status
    if error is not None:
        attributes["error.type"] = error
    return attributes
