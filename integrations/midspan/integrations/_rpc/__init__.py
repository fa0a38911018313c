"""What every integration of remote procedure calls shares: names, statuses, exclusions, metrics."""

from __future__ import annotations

from midspan.integrations._rpc._client import Call, ClientPolicy
from midspan.integrations._rpc._method import OTHER, Method, read_method
from midspan.integrations._rpc._record import Status
from midspan.integrations._rpc._server import Exchange, ServerPolicy
from midspan.integrations._rpc._settings import RpcOptions, RpcSettings, rpc_settings
from midspan.integrations._rpc._target import NOWHERE, Peer, read_target

__all__ = [
    "NOWHERE",
    "OTHER",
    "Call",
    "ClientPolicy",
    "Exchange",
    "Method",
    "Peer",
    "RpcOptions",
    "RpcSettings",
    "ServerPolicy",
    "Status",
    "read_method",
    "read_target",
    "rpc_settings",
]
