"""pymongo-opentracing with opentracing 2.3, as it pins: commands to a server that speaks MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymongo
from pymongo.errors import OperationFailure
from pymongo_opentracing import CommandTracing

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  insert
  find
  update
  aggregate
  no such command error
delete
endSessions
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.hide("reported_duration", "event.reply", "event.failure")
    stage.mask(r'"lsid".*', '"lsid"...')
    stage.mask(r"^admin\.\[.*", "admin.[SESSIONS]")
    stage.mask(r'^{"endSessions": .*', "SESSIONS")
    tracing = CommandTracing(stage.tracer, span_tags={"team": "shop"})
    with pymongo.MongoClient("127.0.0.1", stage.ports["mongodb"], event_listeners=[tracing]) as client:
        things = client.shop.things
        with stage.tracer.start_active_span("page"):
            things.insert_one({"_id": 1, "name": "tea"})
            stage.note("found", things.find_one({"name": "tea"}))
            things.update_one({"_id": 1}, {"$set": {"price": 2.5}})
            stage.note("sum", list(things.aggregate([{"$group": {"_id": None, "sum": {"$sum": "$price"}}}])))
            try:
                client.shop.command("no such command")
            except OperationFailure as error:
                stage.note("raised", error.code)
        stage.note("deleted", things.delete_many({}).deleted_count)
