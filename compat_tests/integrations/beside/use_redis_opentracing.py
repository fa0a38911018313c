"""redis-opentracing, of all clients."""

from __future__ import annotations

import contextlib

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BRIDGE = "opentracing"
INTEGRATIONS = ("redis",)
GIVES = """
page | new code
  GET client | opentracing
  MULTI client | opentracing
"""


def set_up():
    """Set the legacy library up."""
    import redis_opentracing

    redis_opentracing.init_tracing(None)


def ask():
    """Ask for something twice."""
    # Nobody needs to answer: what is sent has a span.
    client = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    for send in (lambda: client.get("a"), client.pipeline().get("a").execute):
        with contextlib.suppress(redis.ConnectionError):
            send()
