"""Interceptors that record calls over gRPC. Importing this imports grpcio."""

from __future__ import annotations

from midspan.integrations._grpc._aio_client import aio_interceptors
from midspan.integrations._grpc._aio_server import AioServerInterceptor
from midspan.integrations._grpc._begin import Calling
from midspan.integrations._grpc._channels import instrument_channels, instrument_servers, target_of
from midspan.integrations._grpc._client import ClientInterceptor
from midspan.integrations._grpc._server import ServerInterceptor
from midspan.integrations._grpc._serving import Serving

__all__ = [
    "AioServerInterceptor",
    "Calling",
    "ClientInterceptor",
    "ServerInterceptor",
    "Serving",
    "aio_interceptors",
    "instrument_channels",
    "instrument_servers",
    "target_of",
]
