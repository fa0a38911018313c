"""opencensus-ext-pymongo, with no tracer, and then with one (servers: mongodb)."""

from __future__ import annotations

import contextlib
import os

import pymongo
from _oc import traced

BRIDGE = "opencensus"
INTEGRATIONS = ("pymongo",)
GIVES = """
page | new code
  find users client | pymongo
  find users client | pymongo
  oc page | opencensus
    pymongo.shop.users.find client | opencensus
    pymongo.shop.users.find client | opencensus
  pymongo.admin.(sessions).endSessions client | opencensus
"""


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["pymongo"])


def ask():
    """Ask for a document twice here, and twice there."""
    with pymongo.MongoClient("127.0.0.1", int(os.environ["MIDSPAN_TEST_MONGODB"])) as client:
        for block in (contextlib.nullcontext, traced):
            with block():
                for _ in range(2):
                    client.shop.users.find_one()
