"""redis-opentracing with opentracing 2.0, as it pins: commands, pipelines, pub/sub and errors of Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import redis
import redis_opentracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  SET [client]
  GET [client]
  MULTI [client]
  LPOP [client] error
SUBSCRIBE [client]
SUB [client]
PUBLISH [client]
SUB [client]
all
  GET [client]
  MULTI [client]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    _play_one_client(stage)
    _play_all_classes(stage)
    stage.note("still active", stage.tracer.active_span is not None)


def _play_one_client(stage: Stage) -> None:
    redis_opentracing.init_tracing(
        stage.tracer, trace_all_classes=False, start_span_cb=lambda span: span.set_tag("n", 1)
    )
    client = redis.StrictRedis(port=stage.ports["redis"])
    client.flushall()
    redis_opentracing.trace_client(client)
    with stage.tracer.start_active_span("page"):
        client.set("thing", "1", ex=60)
        stage.note("value", client.get("thing").decode())
        pipe = client.pipeline()
        pipe.incr("count").rpush("list", "a", 2, 3.5)
        stage.note("pipeline", pipe.execute())
        try:
            client.lpop("thing")
        except redis.ResponseError as error:
            stage.note("raised", str(error))
    pubsub = client.pubsub()
    pubsub.subscribe("news")
    stage.note("subscribed", pubsub.get_message(timeout=5)["type"])
    client.publish("news", "now")
    stage.note("message", pubsub.get_message(timeout=5)["data"].decode())
    client.close()


def _play_all_classes(stage: Stage) -> None:
    # As for the tracers of the frameworks' libraries: the tracer is taken out of the object that wraps it.
    redis_opentracing.init_tracing(_Wrapping(stage.tracer))
    client = redis.StrictRedis(port=stage.ports["redis"])
    with stage.tracer.start_active_span("all"):
        stage.note("value", client.get("thing").decode())
        pipe = client.pipeline(transaction=False)
        pipe.get("count")
        stage.note("pipeline", [value.decode() for value in pipe.execute()])
    client.close()


class _Wrapping:
    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer
