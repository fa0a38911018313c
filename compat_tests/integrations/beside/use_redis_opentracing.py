"""Redis, as redis-opentracing's README instruments it."""

from __future__ import annotations

import contextlib

import redis
import redis_opentracing
from _asked import begin, tell
from redis.backoff import NoBackoff
from redis.retry import Retry

from midspan.bridges import opentracing as bridge
from midspan.integrations import redis as integration
from midspan.trace import SpanKind

begin()
bridge.install()
integration.instrument()
redis_opentracing.init_tracing(None)

# Nobody needs to answer: what is sent has a span.
client = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
for send in (lambda: client.get("a"), client.pipeline().get("a").execute):
    with contextlib.suppress(redis.ConnectionError):
        send()

tell(SpanKind.CLIENT)
