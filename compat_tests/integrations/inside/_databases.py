"""What the tests of databases have in common: the same table, the same statements, the same secret."""

from __future__ import annotations

import contextlib

__all__ = ["SECRET", "ids", "prepared", "shown"]

SECRET = "hunter2"


@contextlib.contextmanager
def prepared(connection):
    """Give a connection on which the table `users` is there, and empty."""
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS users")
    cursor.execute("CREATE TABLE users (id INT, name VARCHAR(20))")
    connection.commit()
    cursor.close()
    try:
        yield connection
    finally:
        connection.close()


def ids(span):
    """Return the attributes that tell what a statement did, and where."""
    names = ("db.system.name", "db.operation.name", "db.collection.name", "db.query.text", "server.address")
    return tuple(span.attributes.get(name) for name in names)


def shown(spans):
    """Return all that is recorded of spans, as one text."""
    return str(
        [
            (span.name, dict(span.attributes), span.status, [dict(event.attributes) for event in span.events])
            for span in spans
        ]
    )
