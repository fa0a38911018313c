"""What every integration of an HTTP server or client shares: names, statuses, headers, redaction, metrics."""

from __future__ import annotations

from midspan.integrations._http._client import Call, ClientPolicy, covered
from midspan.integrations._http._request import ClientRequest, ServerRequest, split_host
from midspan.integrations._http._server import Exchange, ServerPolicy, begun_above
from midspan.integrations._http._settings import (
    ClientOptions,
    HttpSettings,
    ServerOptions,
    client_settings,
    server_settings,
)

__all__ = [
    "Call",
    "ClientOptions",
    "ClientPolicy",
    "ClientRequest",
    "Exchange",
    "HttpSettings",
    "ServerOptions",
    "ServerPolicy",
    "ServerRequest",
    "begun_above",
    "client_settings",
    "covered",
    "server_settings",
    "split_host",
]
