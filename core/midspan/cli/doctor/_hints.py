"""Say what would mend it: what an exporter said, and what was seen at its address, in terms of what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.cli.doctor._known import variable_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.cli.doctor._network import Reached

__all__ = ["Case", "remedy_of"]

_STATUS: Final = re.compile(r"HTTP (\d{3})\b")
_GRPC_PORT: Final = 4317
_HTTP_PORT: Final = 4318
_SIGNALS: Final = {"spans": "traces", "metrics": "metrics"}


class Case(NamedTuple):
    """One signal at one exporter that went wrong: what was said, by whom, and what was seen there."""

    exporter: str
    signal: str
    said: str
    # Whether the exporter speaks gRPC.
    is_grpc: bool
    seen: Reached | None

    @property
    def status(self) -> int:
        """The HTTP status that came back; 0 if none did."""
        found = _STATUS.search(self.said)
        return int(found[1]) if found else 0

    @property
    def endpoint(self) -> str:
        """What says where it sends to."""
        is_udp = self.seen is not None and self.seen.place.scheme == "udp"
        endings = ("AGENT_HOST",) if is_udp else ("ENDPOINT", "BROKERS")
        return next(filter(None, (variable_of(self.exporter, each) for each in endings)), "its endpoint")

    def setting(self, ending: str, otherwise: str) -> str:
        """Return the variable that says something, or words for it."""
        return variable_of(self.exporter, ending) or otherwise


def remedy_of(case: Case) -> str:
    """Return what to do; "" where nothing can be said that the exporter has not."""
    return next(filter(None, (hint(case) for hint in _HINTS)), "")


def _place(case: Case) -> str:
    if case.seen is None:
        return ""
    where = f"{case.seen.place.host}:{case.seen.place.port}"
    endpoint = case.endpoint
    # Of datagrams, the system says afterwards that nobody listened.
    state = "refused" if "refused" in case.said.lower() else case.seen.state
    local = case.seen.place.host in ("localhost", "127.0.0.1", "::1")
    return {
        "unknown host": f"{case.seen.place.host} cannot be looked up from here: check its spelling "
        f"({endpoint}), and whether this machine or container sees that name",
        "refused": f"nobody listens at {where}: is the backend started, and is this its port ({endpoint})?"
        + (" Inside a container, localhost is the container itself" if local else ""),
        "silent": f"{where} does not answer at all: a firewall, or another address ({endpoint})",
        "unreachable": f"there is no way to {where} from here: check the network and {endpoint}",
    }.get(state, "")


def _spoken(case: Case) -> str:
    """Explain a port that speaks something else than what is sent to it."""
    seen = case.seen
    if seen is None or seen.place.scheme not in ("http", "https"):
        return ""
    endpoint, port = case.endpoint, seen.place.port
    if seen.is_tls and seen.place.scheme == "http":
        return f"port {port} speaks TLS: write https:// in {endpoint}"
    if seen.speaks and not seen.is_tls and seen.place.scheme == "https":
        return f"port {port} does not speak TLS: write http:// in {endpoint}, or have the backend use TLS"
    if seen.speaks == "http/2" and not case.is_grpc:
        other = f": OTLP over HTTP is usually at port {_HTTP_PORT}" if port == _GRPC_PORT else ""
        protocol = case.setting("PROTOCOL", "the protocol")
        return f"port {port} speaks HTTP/2, as gRPC does{other} ({endpoint}); or set {protocol}=grpc"
    if seen.speaks == "http/1.1" and case.is_grpc:
        other = f": gRPC is usually at port {_GRPC_PORT}" if port == _HTTP_PORT else ""
        protocol = case.setting("PROTOCOL", "the protocol")
        return f"port {port} speaks HTTP/1.1, not gRPC{other} ({endpoint}); or set {protocol}=http/protobuf"
    return ""


def _certificate(case: Case) -> str:
    said = case.said
    if "CERTIFICATE_VERIFY_FAILED" not in said and "certificate" not in said.lower():
        return ""
    if re.search(r"(?i)hostname|ip address|doesn't match|not valid for", said):
        return "the certificate is for another host: use the name that it was issued for in the endpoint"
    if "expired" in said or "not yet valid" in said:
        return "the certificate is out of its time: renew it, or set this machine's clock"
    if re.search(r"(?i)certificate[_ ]required|handshake[_ ]failure", said):
        certificate = case.setting("CLIENT_CERTIFICATE", "client_certificate=")
        return f"the backend wants to know who is calling: give {certificate} and a client key"
    certificate = case.setting("CERTIFICATE", "certificate=")
    return f"nobody here trusts who signed its certificate: name that authority's PEM file in {certificate}"


def _identity(case: Case) -> str:
    if case.status not in (401, 403) and not re.search("UNAUTHENTICATED|PERMISSION_DENIED", case.said):
        return ""
    headers = case.setting("HEADERS", case.setting("PASSWORD", "headers="))
    example = f"{headers}=api-key=..., percent-encoded" if headers.endswith("HEADERS") else headers
    what = "may not do this" if case.status == 403 or "PERMISSION" in case.said else "is not known there"  # noqa: PLR2004 - as HTTP counts
    return f"whoever sends {what}: check the key or token ({example})"


def _path(case: Case) -> str:
    if case.status not in (404, 405) and "UNIMPLEMENTED" not in case.said:
        return ""
    path = f"/v1/{_SIGNALS[case.signal]}"
    seen = case.seen.place.path if case.seen is not None else ""
    if case.exporter == "otlp" and not case.is_grpc and not seen.endswith(path):
        own = f"OTEL_EXPORTER_OTLP_{_SIGNALS[case.signal].upper()}_ENDPOINT"
        return f"{own} is taken as it is: its path is usually {path}"
    if case.is_grpc:
        return f"whoever listens there has no such service: is it the right port ({case.endpoint})?"
    return f"nothing is taken at this path, or not at this port: check the path in {case.endpoint}"


def _status(case: Case) -> str:
    if 300 <= case.status < 400:  # noqa: PLR2004 - HTTP's classes
        return f"redirects are not followed: write the final address in {case.endpoint}"
    return {
        400: "the backend could not read this: is it the one that this exporter is for?",
        413: "the backend takes only smaller requests: raise its limit",
        415: f"the backend wants another form: set {case.setting('PROTOCOL', 'the protocol')}, "
        f"or {case.setting('COMPRESSION', 'compression')}=none",
        429: "the backend is asked too often: its quota, or its limit, is used up",
        502: "a proxy stands before the backend, which does not answer it",
        503: "the backend is there and cannot take anything now: look into its own log",
        504: "a proxy stands before the backend, which does not answer it in time",
    }.get(case.status, "the backend met an error of its own: look into its log" if case.status >= 500 else "")  # noqa: PLR2004 - as above


def _silence(case: Case) -> str:
    if not re.search(r"no complete answer|DEADLINE_EXCEEDED|timed out|time left", case.said):
        return ""
    return "it takes the connection and does not answer in time: another service, or one that is overloaded?"


# The first that has something to say is believed.
_HINTS: Final[Sequence[Callable[[Case], str]]] = (
    _place,
    _spoken,
    _certificate,
    _identity,
    _path,
    _status,
    _silence,
)
