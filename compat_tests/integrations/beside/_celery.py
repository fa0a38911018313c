"""A Celery application of which one task is sent, and one is run."""

from __future__ import annotations

import _asked

from midspan.trace import SpanKind


def greet():
    """Be a task."""
    return "hello"


def work(app):
    """Send a task to a broker in memory, run it in place, and tell who recorded that."""
    app.conf.task_ignore_result = True
    task = app.task(name="shop.greet")(greet)
    task.delay()
    # A worker's request always has headers.
    task.apply(headers={})
    _asked.tell(SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.CLIENT, SpanKind.SERVER)
