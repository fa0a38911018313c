"""SQLAlchemy-opentracing, in spite of its pin (opentracing < 1.4): engines, sessions, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy
import sqlalchemy_opentracing
from sqlalchemy.orm import Session, declarative_base

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
parent
  insert
select
page
  insert
  textclause error
"""
Base = declarative_base()


class Thing(Base):
    """A row."""

    __tablename__ = "things"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String)


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    engine = sqlalchemy.create_engine("sqlite://")
    sqlalchemy_opentracing.init_tracing(stage.tracer, trace_all_engines=False, trace_all_queries=False)
    sqlalchemy_opentracing.register_engine(engine)
    Base.metadata.create_all(engine)
    parent = stage.tracer.start_span("parent")
    with Session(engine) as session:
        # The library takes the parent from the session that it is set on, not from what is active.
        sqlalchemy_opentracing.set_parent_span(session, parent)
        session.add(Thing(name="tea"))
        session.commit()
        stage.note("untraced after the commit", session.query(Thing).count())
    parent.finish()
    with engine.begin() as connection:
        statement = sqlalchemy.select(Thing.name)
        sqlalchemy_opentracing.set_traced(statement)
        stage.note("rows", [row[0] for row in connection.execute(statement)])
    sqlalchemy_opentracing.init_tracing(stage.tracer, trace_all_engines=False, trace_all_queries=True)
    _play_everything(stage, engine)


def _play_everything(stage: Stage, engine: sqlalchemy.engine.Engine) -> None:
    with stage.tracer.start_active_span("page"), engine.connect() as connection:
        connection.execute(Thing.__table__.insert(), [{"name": "cake"}, {"name": "jam"}])
        try:
            connection.execute(sqlalchemy.text("SELECT nothing FROM nowhere"))
        except sqlalchemy.exc.OperationalError as error:
            stage.note("raised", type(error).__name__)
