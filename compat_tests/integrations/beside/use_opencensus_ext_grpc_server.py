"""A server with the interceptor of opencensus-ext-grpc."""

from __future__ import annotations

import grpc
from _asked import begin, tell
from _grpc import served
from opencensus.ext.grpc.server_interceptor import OpenCensusServerInterceptor
from opencensus.trace import samplers

from midspan.bridges import opencensus as bridge
from midspan.integrations import grpc as integration

begin()
bridge.install()
integration.instrument()
with (
    served(interceptors=[OpenCensusServerInterceptor(samplers.AlwaysOnSampler())]) as address,
    grpc.insecure_channel(address) as channel,
):
    add = channel.unary_unary("/shop.Cart/Add")
    for _ in range(2):
        add(b"x")
tell()
