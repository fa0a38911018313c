"""opencensus-ext-sqlalchemy: engines and sessions, over PostgreSQL and MariaDB."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import sqlalchemy
from _sql import NOTES_DIFFER as OF_DRIVERS
from opencensus.ext.sqlalchemy import trace as library
from opencensus.trace import execution_context
from sqlalchemy.ext.declarative import declarative_base
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
postgres
  sqlalchemy.query [client]
  new code
    sqlalchemy.query [client]
    sqlalchemy.query [client]
    sqlalchemy.query [client]
  sqlalchemy.query [client]
  sqlalchemy.query [client]
  sqlalchemy.query [client]
page in a thread
  sqlalchemy.query [client]
request
  sqlalchemy.query [client]
mariadb
  sqlalchemy.query [client]
  new code
    sqlalchemy.query [client]
    sqlalchemy.query [client]
    sqlalchemy.query [client]
  sqlalchemy.query [client]
  sqlalchemy.query [client]
  sqlalchemy.query [client]
page in a thread
  sqlalchemy.query [client]
request
  sqlalchemy.query [client]
block
  sqlalchemy.query [client]
block
  sqlalchemy.query [client]
"""
NOTES_DIFFER = {"current after the block": OF_DRIVERS["current after the block"]}
Base = declarative_base()


class Thing(Base):
    """A row."""

    __tablename__ = "wares"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String(20))


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    postgres = sqlalchemy.create_engine(f"postgresql://postgres@127.0.0.1:{stage.ports['postgres']}/postgres")
    mariadb = sqlalchemy.create_engine(f"mysql+pymysql://root@127.0.0.1:{stage.ports['mariadb']}/shop")
    # What an engine asks the server when it first connects is none of the application's.
    for engine in (postgres, mariadb):
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
    library.trace_integration()
    for title, engine in (("postgres", postgres), ("mariadb", mariadb)):
        tracer = stage.tracer()
        with tracer.span(title):
            _use_session(stage, engine)
            _use_connection(stage, engine)
            thread = threading.Thread(target=_serve, args=(stage, engine))
            thread.start()
            thread.join(timeout=30)
        _fail_in_request(stage, engine)
    stage.let_ends_race()
    for engine in (postgres, mariadb):
        _fail_in_block(stage, engine)
        Base.metadata.drop_all(engine)
        engine.dispose()


def _use_session(stage: Stage, engine: Any) -> None:
    session = Session(engine)
    session.add(Thing(id=1, name="tea"))
    session.add_all([Thing(id=2, name="jam"), Thing(id=3, name="bun")])
    session.commit()
    with stage.native("new code"):
        session.query(Thing).filter_by(id=2).update({"name": "cake"})
        session.delete(session.query(Thing).get(3))
        session.commit()
    stage.note("names", [thing.name for thing in session.query(Thing).order_by(Thing.id)])
    session.close()


def _use_connection(stage: Stage, engine: Any) -> None:
    with engine.begin() as connection:
        insert = sqlalchemy.text("INSERT INTO wares (id, name) VALUES (:id, :name)")
        connection.execute(insert, [{"id": 4, "name": "oat"}, {"id": 5, "name": "rye"}])
        stage.note("count", connection.execute(sqlalchemy.select([sqlalchemy.func.count(Thing.id)])).scalar())


def _serve(stage: Stage, engine: Any) -> None:
    """Serve another request in a thread."""
    with stage.tracer().span("page in a thread"), engine.connect() as connection:
        connection.execute(Thing.__table__.select().where(Thing.id == 1)).fetchall()


def _fail_in_request(stage: Stage, engine: Any) -> None:
    tracer = stage.tracer()
    tracer.start_span("request")
    _ask_for_nothing(stage, engine)
    tracer.end_span()
    tracer.finish()


def _fail_in_block(stage: Stage, engine: Any) -> None:
    tracer = stage.tracer()
    with tracer.span("block"):
        _ask_for_nothing(stage, engine)
    stage.note("current after the block", getattr(execution_context.get_current_span(), "name", None))
    tracer.finish()
    execution_context.clear()


def _ask_for_nothing(stage: Stage, engine: Any) -> None:
    try:
        engine.execute("SELECT nothing FROM nowhere")
    except sqlalchemy.exc.ProgrammingError as error:
        stage.note("raised", type(error.orig).__name__)
