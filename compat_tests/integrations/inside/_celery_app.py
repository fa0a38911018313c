"""A Celery application with tasks that end in every way; run by a worker of its own, and by the tests."""

from __future__ import annotations

import os
import sys
import time

from celery import Celery
from celery.exceptions import Ignore, Reject

from midspan import baggage, sdk, trace
from midspan.exporters.jsonl import JSONLinesExporter
from midspan.integrations import celery as integration

url = f"redis://127.0.0.1:{os.environ['MIDSPAN_TEST_REDIS']}/{os.environ.get('CELERY_DATABASE', '5')}"
app = Celery("shop", broker=url, backend=url)
app.conf.update(
    broker_connection_retry_on_startup=True, task_default_queue="orders", worker_hijack_root_logger=False
)

if "CELERY_SPANS" in os.environ:
    # Each span as it ends: a process of the pool may be killed at any time.
    sdk.configure(
        service_name="worker", exporters=[sdk.Simple(JSONLinesExporter(os.environ["CELERY_SPANS"]))]
    )
    integration.instrument(excluded=["shop.silent"])


@app.task(name="shop.add")
def add(x, y):
    """Work within the task's span."""
    with trace.get_tracer("shop").start_as_current_span("adding") as span:
        span.set_attribute("tenant", baggage.get_baggage("tenant") or "")
    return x + y


@app.task(name="shop.total")
def total(numbers):
    """Take the results of a chord."""
    return sum(numbers)


@app.task(name="shop.order")
def order(password):
    """Send another task."""
    return add.delay(1, 2).id


@app.task(name="shop.fail")
def fail(password):
    """Raise."""
    raise ValueError("out of stock")


@app.task(name="shop.again", bind=True)
def again(self):
    """Succeed at the second attempt."""
    if self.request.retries == 0:
        raise self.retry(countdown=0, exc=OSError("not yet"))
    return self.request.retries


@app.task(name="shop.ignored")
def ignored():
    """Have no state."""
    raise Ignore


@app.task(name="shop.rejected", acks_late=True)
def rejected():
    """Refuse the message."""
    raise Reject("no", requeue=False)


@app.task(name="shop.leave")
def leave():
    """End the process of the pool."""
    sys.exit(3)


@app.task(name="shop.slow")
def slow(seconds):
    """Take some time."""
    time.sleep(seconds)


@app.task(name="shop.silent")
def silent():
    """Be excluded."""
