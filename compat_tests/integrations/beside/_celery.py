"""A Celery application of which one task is sent, and one is run."""

from __future__ import annotations


def greet():
    """Be a task."""
    return "hello"


def work(app):
    """Send a task to a broker in memory, and run it in place."""
    app.conf.task_ignore_result = True
    task = app.task(name="shop.greet")(greet)
    task.delay()
    # A worker's request always has headers.
    task.apply(headers={})
