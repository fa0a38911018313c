"""pymongo-opentracing, of one client; the other is left to the integration (servers: mongodb)."""

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
  find users client | pymongo
  find users client | pymongo
  endSessions client | pymongo
"""
listeners = []


def set_up():
    """Set the legacy library up."""
    from pymongo_opentracing import CommandTracing

    listeners.append(CommandTracing())


def ask():
    """Ask for something twice."""
    for chosen in (listeners, []):
        port = int(os.environ["MIDSPAN_TEST_MONGODB"])
        with pymongo.MongoClient("127.0.0.1", port, event_listeners=chosen) as client:
            for _ in range(2):
                client.shop.users.find_one()
