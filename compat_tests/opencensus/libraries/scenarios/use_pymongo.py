"""opencensus-ext-pymongo: commands to a server that speaks MongoDB's protocol."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pymongo
from opencensus.ext.pymongo import trace as library
from opencensus.trace import execution_context
from pymongo.errors import DuplicateKeyError, OperationFailure

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  pymongo.shop.things.insert [client]
  pymongo.shop.things.insert [client]
  pymongo.shop.things.find [client]
  pymongo.shop.things.find [client]
  new code
    pymongo.shop.things.update [client]
    more new code
      pymongo.shop.things.aggregate [client]
  pymongo.shop.1.no such command [client] error
  pymongo.shop.things.insert [client]
  pymongo.shop.things.delete [client]
page in a thread
  pymongo.shop.things.aggregate [client]
pymongo.shop.things.drop [client]
pymongo.admin.[{'id': SESSION}].endSessions [client]
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    stage.hide("request_id")
    stage.mask(r"\('127\.0\.0\.1', \d+\)", "SERVER")
    # The session's id, in the name and in an attribute of the command that ends it.
    stage.mask(r"Binary\(b.*, 4\)", "SESSION")
    stage.mask(r"^b['\"].*['\"]$", "SESSION")
    tracer = stage.tracer()
    library.trace_integration()
    with pymongo.MongoClient("127.0.0.1", stage.ports["mongodb"]) as client:
        things = client.shop.things
        with tracer.span("page"):
            _keep_documents(stage, things)
            with stage.native("new code"):
                things.update_one({"_id": 1}, {"$set": {"price": 2.5}})
                with stage.native("more new code"):
                    group = {"_id": None, "sum": {"$sum": "$price"}}
                    stage.note("sum", list(things.aggregate([{"$group": group}])))
            _fail(stage, client)
            thread = threading.Thread(target=_serve, args=(stage, things))
            thread.start()
            thread.join(timeout=30)
            stage.note("deleted", things.delete_many({}).deleted_count)
        stage.note("current", execution_context.get_current_span())
        things.drop()


def _keep_documents(stage: Stage, things: Any) -> None:
    things.insert_one({"_id": 1, "name": "tea"})
    things.insert_many([{"_id": 2, "name": "jam"}, {"_id": 3, "name": "bun"}])
    stage.note("found", things.find_one({"name": "tea"}))
    stage.note("names", [thing["name"] for thing in things.find({}).sort("name").skip(1).limit(2)])


def _fail(stage: Stage, client: Any) -> None:
    try:
        client.shop.command("no such command")
    except OperationFailure as error:
        stage.note("raised", error.code)
    # A write that the server refuses is a command that succeeded, to the driver's listeners.
    try:
        client.shop.things.insert_one({"_id": 1})
    except DuplicateKeyError as error:
        stage.note("raised for a duplicate", error.code)


def _serve(stage: Stage, things: Any) -> None:
    """Serve another request in a thread."""
    with stage.tracer().span("page in a thread"):
        stage.note("found in a thread", things.count_documents({"name": "jam"}))
