"""A Celery application: each task is a trace of two spans, named by its number."""

from __future__ import annotations

import os

from celery import Celery
from side import work

app = Celery("life", broker=os.environ["LIFE_BROKER"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task
def trace(number: int) -> None:
    """Make the spans of a task."""
    work(f"/{number}")
