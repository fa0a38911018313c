"""opentracing-instrumentation's patch of redis-py; it has none for pipelines."""

from __future__ import annotations

import contextlib

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BRIDGE = "opentracing"
INTEGRATIONS = ("redis",)
GIVES = """
page | new code
  redis:GET client | opentracing
  MULTI GET client | redis
"""


def set_up():
    """Set the legacy library up."""
    from opentracing_instrumentation.client_hooks import strict_redis as legacy

    legacy.install_patches()


def ask():
    """Ask for something twice."""
    # Nobody needs to answer: what is sent has a span.
    client = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    for send in (lambda: client.get("a"), client.pipeline().get("a").execute):
        with contextlib.suppress(redis.ConnectionError):
            send()
