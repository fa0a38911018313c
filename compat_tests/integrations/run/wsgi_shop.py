"""A shop without any framework, for servers that speak WSGI."""

from __future__ import annotations

import sqlite3


def application(_environ, start_response):
    """Take an order."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("SELECT 1")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
