"""redis-opentracing, of one client; the other is left to the integration."""

from __future__ import annotations

import contextlib
from functools import partial

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BRIDGE = "opentracing"
INTEGRATIONS = ("redis",)
GIVES = """
page | new code
  GET client | opentracing
  MULTI client | opentracing
  GET client | redis
  MULTI GET client | redis
"""
# Nobody needs to answer: what is sent has a span.
traced, other = (redis.Redis(port=1, retry=Retry(NoBackoff(), 0)) for _ in range(2))


def set_up():
    """Set the legacy library up."""
    import redis_opentracing

    redis_opentracing.init_tracing(None, trace_all_classes=False)
    redis_opentracing.trace_client(traced)


def ask():
    """Ask for something twice."""
    for client in (traced, other):
        for send in (partial(client.get, "a"), client.pipeline().get("a").execute):
            with contextlib.suppress(redis.ConnectionError):
                send()
