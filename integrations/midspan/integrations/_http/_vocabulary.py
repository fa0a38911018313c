"""Write what is known of a request as attributes of a span, by the stable names or those before them.

Source: OpenTelemetry's semantic conventions for HTTP, 1.23 and later (stable), and 1.12 (legacy).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._http._request import ClientRequest, ServerRequest

    Attributes = dict[str, Any]

__all__ = ["VOCABULARIES", "Vocabulary"]

_LONGEST_METHOD: Final = 64


class Vocabulary(NamedTuple):
    """What one choice of names makes of a request."""

    server: Callable[[ServerRequest], Attributes]
    client: Callable[[ClientRequest], Attributes]
    status_keys: tuple[str, ...]
    version_key: str


def _stable_server(request: ServerRequest) -> Attributes:
    attributes: Attributes = _stable_method(request)
    attributes["url.scheme"] = request.scheme
    attributes["url.path"] = request.path
    if request.query:
        attributes["url.query"] = request.query
    if request.host:
        attributes["server.address"] = request.host
        if request.port is not None:
            attributes["server.port"] = request.port
    if request.client:
        attributes["client.address"] = attributes["network.peer.address"] = request.client
        if request.client_port is not None:
            attributes["network.peer.port"] = request.client_port
    if request.version:
        attributes["network.protocol.version"] = request.version
    if request.user_agent:
        attributes["user_agent.original"] = request.user_agent
    return attributes


def _legacy_server(request: ServerRequest) -> Attributes:
    attributes: Attributes = {
        "http.method": request.known_method,
        "http.scheme": request.scheme,
        "http.target": f"{request.path}?{request.query}" if request.query else request.path,
    }
    if request.host:
        attributes["http.host"] = attributes["net.host.name"] = request.host
        if request.port is not None:
            attributes["http.host"] = f"{request.host}:{request.port}"
            attributes["net.host.port"] = request.port
    if request.client:
        attributes["net.peer.ip"] = request.client
        if request.client_port is not None:
            attributes["net.peer.port"] = request.client_port
    if request.version:
        attributes["http.flavor"] = request.version
    if request.user_agent:
        attributes["http.user_agent"] = request.user_agent
    return attributes


def _stable_client(request: ClientRequest) -> Attributes:
    attributes = _stable_method(request)
    attributes["url.full"] = request.url
    if request.host:
        attributes["server.address"] = request.host
        if request.port is not None:
            attributes["server.port"] = request.port
    return attributes


def _legacy_client(request: ClientRequest) -> Attributes:
    attributes: Attributes = {"http.method": request.known_method, "http.url": request.url}
    if request.host:
        attributes["net.peer.name"] = request.host
        if request.port is not None:
            attributes["net.peer.port"] = request.port
    return attributes


def _stable_method(request: ServerRequest | ClientRequest) -> Attributes:
    attributes: Attributes = {"http.request.method": request.known_method}
    if request.method != request.known_method:
        attributes["http.request.method_original"] = request.method[:_LONGEST_METHOD]
    return attributes


VOCABULARIES: Final = {
    "stable": Vocabulary(
        _stable_server, _stable_client, ("http.response.status_code",), "network.protocol.version"
    ),
    "legacy": Vocabulary(_legacy_server, _legacy_client, ("http.status_code",), "http.flavor"),
    "both": Vocabulary(
        lambda request: {**_legacy_server(request), **_stable_server(request)},
        lambda request: {**_legacy_client(request), **_stable_client(request)},
        ("http.response.status_code", "http.status_code"),
        "network.protocol.version",
    ),
}
