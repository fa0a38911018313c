"""What is asked of a database."""

from __future__ import annotations

import os

POSTGRES = {
    "host": "127.0.0.1",
    "port": os.environ.get("MIDSPAN_TEST_POSTGRES"),
    "user": "postgres",
    "dbname": "postgres",
}
MARIADB = {
    "host": "127.0.0.1",
    "port": int(os.environ.get("MIDSPAN_TEST_MARIADB", "0")),
    "user": "root",
    "database": "shop",
}


def ask(connection):
    """Send two statements, end the transaction, and close the connection."""
    cursor = connection.cursor()
    for number in range(2):
        cursor.execute(f"SELECT {number}")
        cursor.fetchall()
    cursor.close()
    connection.commit()
    connection.close()
