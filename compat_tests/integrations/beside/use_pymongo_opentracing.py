"""pymongo-opentracing, of all clients (servers: mongodb)."""

from __future__ import annotations

import os

import pymongo

BRIDGE = "opentracing"
INTEGRATIONS = ("pymongo",)
GIVES = """
page | new code
  find | opentracing
  find | opentracing
  endSessions | opentracing
"""


def set_up():
    """Set the legacy library up."""
    from pymongo import monitoring
    from pymongo_opentracing import CommandTracing

    monitoring.register(CommandTracing())


def ask():
    """Ask for something twice."""
    with pymongo.MongoClient("127.0.0.1", int(os.environ["MIDSPAN_TEST_MONGODB"])) as client:
        for _ in range(2):
            client.shop.users.find_one()
