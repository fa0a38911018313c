"""A shop whose orders are taken by a Celery worker: `celery_shop.py COUNT` sends so many."""

from __future__ import annotations

import os
import sqlite3
import sys

from celery import Celery

app = Celery("celery_shop", broker=os.environ["SHOP_BROKER"])
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="shop.order")
def order(number):
    """Take an order."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("SELECT 1")


if __name__ == "__main__":
    for each in range(int(sys.argv[1])):
        order.delay(each)
