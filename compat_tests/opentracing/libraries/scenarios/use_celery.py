"""celery-opentracing: tasks that publish, fail and retry, over a real broker, in a real worker."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from celery.contrib.testing.worker import start_worker
from celery_opentracing import CeleryTracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  publish shop.greet [producer]
    shop.greet [consumer]
      publish shop.count [producer]
        shop.count [consumer]
page
  publish shop.fail [producer]
    shop.fail [consumer] error
page
  publish shop.again [producer]
    shop.again [consumer]
      publish shop.again [producer]
        shop.again [consumer]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.hide("celery.worker.hostname", "celery.task.origin", "celery.eta")
    # A worker may start on a message before its sender has ended the span of sending it.
    stage.let_ends_race()
    url = f"redis://127.0.0.1:{stage.ports['redis']}/0"
    app = CeleryTracing("shop", broker=url, tracer=stage.tracer, span_tags={"team": "shop"})
    app.conf.update(
        worker_hijack_root_logger=False, task_ignore_result=True, broker_connection_retry_on_startup=True
    )
    sent = threading.Event()
    logging.getLogger("celery").setLevel(logging.CRITICAL)

    @app.task(name="shop.count")
    def count(n: int) -> int:
        return n + 1

    @app.task(name="shop.greet")
    def greet(name: str) -> str:
        stage.note("baggage", stage.tracer.active_span.get_baggage_item("tenant"))
        count.delay(1)
        return name

    @app.task(name="shop.fail")
    def fail() -> None:
        raise KeyError("no such thing")

    @app.task(name="shop.again", bind=True)
    def again(self: Any) -> None:
        # Sender and worker are one process here, and the library keeps what is being sent by the task's id.
        sent.wait(timeout=10)
        if not self.request.retries:
            raise self.retry(countdown=0, exc=KeyError("not yet"))

    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        for expected, send in ((5, lambda: greet.delay("you")), (8, fail.delay), (13, again.delay)):
            sent.clear()
            with stage.tracer.start_active_span("page") as scope:
                scope.span.set_baggage_item("tenant", "acme")
                send()
            sent.set()
            stage.wait_for(expected)
    stage.note("still active", stage.tracer.active_span is not None)
