"""SQLAlchemy, over several drivers (servers: postgres, mariadb)."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
import sqlalchemy
from _databases import SECRET, shown
from sqlalchemy import text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL, Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session, declarative_base

from midspan import trace
from midspan.integrations import psycopg2 as psycopg2_integration
from midspan.integrations import pymysql as pymysql_integration
from midspan.integrations import sqlalchemy as integration
from midspan.integrations import sqlite3 as sqlite3_integration
from midspan.trace import SpanKind, StatusCode

DURATION = "db.client.operation.duration"
Base = declarative_base()


class User(Base):
    """A table of which each database in these tests has one."""

    __tablename__ = "orm_users"
    id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    name = sqlalchemy.Column(sqlalchemy.String(20))


@pytest.fixture(autouse=True)
def _off():
    yield
    for each in (integration, psycopg2_integration, pymysql_integration, sqlite3_integration):
        each.uninstrument()


@pytest.fixture
def url(port, tmp_path):
    """Return a function that returns the URL of a database, with a password."""

    def of(driver):
        if "sqlite" in driver:
            return URL.create(driver, database=str(tmp_path / "shop.db"))
        if "postgresql" in driver:
            where = {"username": "postgres", "database": "postgres", "port": port("postgres")}
        else:
            where = {"username": "root", "database": "shop", "port": port("mariadb")}
        # Neither server asks for one; MariaDB's root has none.
        password = SECRET if "postgresql" in driver else None
        return URL.create(driver, host="127.0.0.1", password=password, **where)

    return of


SYNC = ("sqlite", "postgresql+psycopg2", "mysql+pymysql")
PLACES = {"sqlite": "shop.db", "postgresql": "postgres", "mysql": "shop"}


@pytest.fixture(params=SYNC)
def engine(request, url, memory):
    """Return an engine with an empty table, of which nothing is recorded yet."""
    engine = sqlalchemy.create_engine(url(request.param))
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


def test_a_statement_is_a_client_span(engine, spans, points, port):
    """Of an engine that was made before; names and place as the semantic conventions have them."""
    integration.instrument()
    with trace.get_tracer("t").start_as_current_span("work") as work, engine.connect() as connection:
        query = text(f"SELECT * FROM orm_users WHERE name = '{SECRET}' AND id = :id")
        assert [] == connection.execute(query, {"id": 1}).fetchall()
    span = spans()[-1]
    system = engine.dialect.name
    assert ("SELECT orm_users", SpanKind.CLIENT, work.context) == (span.name, span.kind, span.parent)
    assert "midspan.integrations.sqlalchemy" == span.scope.name
    assert (system, PLACES[system], "SELECT", "orm_users") == tuple(
        span.attributes[f"db.{name}"]
        for name in ("system.name", "namespace", "operation.name", "collection.name")
    )
    assert span.attributes["db.query.text"].startswith("SELECT * FROM orm_users WHERE name = ? AND id = ")
    if system != "sqlite":
        server = port("postgres" if system == "postgresql" else "mariadb")
        assert ("127.0.0.1", server) == (span.attributes["server.address"], span.attributes["server.port"])
    assert SECRET not in shown(spans())
    assert "SELECT" in {attributes["db.operation.name"] for attributes in points(DURATION)}


def test_the_orm_is_recorded_and_the_driver_silent(engine, spans):
    """One span a statement, also where the driver is instrumented."""
    for each in (psycopg2_integration, pymysql_integration, sqlite3_integration, integration):
        each.instrument()
    engine.dispose()
    with Session(engine) as session:
        session.add(User(id=1, name=SECRET))
        session.commit()
        assert SECRET == session.query(User).one().name
    found = [span for span in spans() if "orm_users" in span.name]
    assert ["INSERT orm_users", "SELECT orm_users"] == [span.name for span in found]
    assert {"midspan.integrations.sqlalchemy"} == {span.scope.name for span in found}
    assert SECRET not in shown(spans())


def test_a_batch_is_one_span_with_its_size(engine, spans):
    """However the driver sends it."""
    integration.instrument()
    with engine.begin() as connection:
        insert = text("INSERT INTO orm_users (id, name) VALUES (:id, :name)")
        connection.execute(insert, [{"id": n, "name": SECRET} for n in range(1, 4)])
    (span,) = [span for span in spans() if span.name == "INSERT orm_users"]
    assert 3 == span.attributes["db.operation.batch.size"]
    assert SECRET not in shown(spans())


CODES = {"postgresql": "42P01", "mysql": "1146"}


def test_what_the_database_refuses_is_an_error_with_its_code(engine, spans):
    """The application gets SQLAlchemy's exception; the span tells the driver's, without any value."""
    integration.instrument()
    with pytest.raises(DBAPIError, match=SECRET), engine.connect() as connection:
        connection.execute(text(f"SELECT '{SECRET}' FROM nowhere WHERE 1 = :a"), {"a": SECRET})
    span = spans()[-1]
    assert StatusCode.ERROR is span.status.code
    if engine.dialect.name in CODES:
        assert CODES[engine.dialect.name] == span.attributes["db.response.status_code"]
    assert span.attributes["error.type"].partition(".")[0] in ("sqlite3", "psycopg2", "pymysql")
    assert SECRET not in shown(spans())


# SQLAlchemy 1.4.0 does not know aiosqlite yet.
ASYNC = ["postgresql+asyncpg", "sqlite+aiosqlite"][: 1 if sqlalchemy.__version__ == "1.4.0" else 2]


@pytest.mark.parametrize("driver", ASYNC)
def test_async_engines(driver, url, memory, spans):
    """The span's parent is that of the task that sends; each is ended where it began."""
    integration.instrument()

    async def one(engine, name):
        with trace.get_tracer("t").start_as_current_span(name) as work:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1 FROM orm_users"))
                assert trace.get_current_span() is work
        return work.context

    async def main():
        engine = create_async_engine(url(driver))
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
            await connection.run_sync(Base.metadata.create_all)
        contexts = await asyncio.gather(one(engine, "a"), one(engine, "b"))
        with pytest.raises(DBAPIError):
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1 FROM nowhere"))
        await engine.dispose()
        return contexts

    contexts = asyncio.run(main())
    found = [span for span in spans() if span.name == "SELECT orm_users"]
    assert sorted(map(str, contexts)) == sorted(str(span.parent) for span in found)
    failed = spans()[-1]
    assert ("SELECT nowhere", StatusCode.ERROR) == (failed.name, failed.status.code)
    if "asyncpg" in driver:
        assert "42P01" == failed.attributes["db.response.status_code"]


def test_one_engine_alone(engine, url, spans):
    """The other one of the same database is not recorded; nor is this one any more, when it is turned off."""
    other = sqlalchemy.create_engine(engine.url)
    integration.instrument(engine)
    for each in (engine, other):
        with each.connect() as connection:
            connection.execute(text("SELECT 1 FROM orm_users"))
    other.dispose()
    assert 1 == len(spans())
    integration.uninstrument(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM orm_users"))
    assert (1, []) == (len(spans()), [name for name in vars(engine.dialect) if name.startswith("do_")])


def test_one_async_engine_alone(url, memory, spans):
    """And on all of them at once it is recorded once."""

    async def main():
        engine = create_async_engine(url("postgresql+asyncpg"))
        integration.instrument(engine)
        integration.instrument()
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1 AS one"))
        integration.uninstrument()
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 2 AS two"))
        await engine.dispose()

    asyncio.run(main())
    found = [span.attributes["db.query.text"] for span in spans()]
    assert ["SELECT ? AS one", "SELECT ? AS two"] == [shown for shown in found if " AS " in shown]


def test_options_hooks_and_comments(url, memory, spans):
    """A comment reaches the database, and not the span."""
    sent = []
    integration.instrument(
        statements="none",
        comments=True,
        request_hook=lambda span, cursor, statement, parameters: span.set_attribute("hooked", statement),
    )
    engine = sqlalchemy.create_engine(url("sqlite"))

    @sqlalchemy.event.listens_for(engine, "connect")
    def follow(connection, _):
        connection.set_trace_callback(sent.append)

    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        connection.exec_driver_sql("SELECT 2")
    engine.dispose()
    assert ["SELECT 1", "SELECT 2"] == [span.attributes["hooked"] for span in spans()][-2:]
    assert {None} == {span.attributes.get("db.query.text") for span in spans()}
    assert all(
        f"{span.context.trace_id:032x}" in line for span, line in zip(spans()[-2:], sent[-2:], strict=True)
    )


def test_statements_without_parameters_are_recorded(engine, spans):
    """Where SQLAlchemy is told to send them as they are, `%` and all."""
    integration.instrument()
    with engine.connect().execution_options(no_parameters=True) as connection:
        connection.exec_driver_sql("SELECT 7 FROM orm_users WHERE name LIKE 'a%'")
    assert "SELECT ? FROM orm_users WHERE name LIKE ?" == spans()[-1].attributes["db.query.text"]


def test_uninstrument_restores_the_very_functions(engine, spans):
    """Of every dialect, and nothing is recorded any more."""
    owners = [Engine, DefaultDialect, *type(engine.dialect).__mro__[:-1]]
    before = [dict(vars(owner)) for owner in owners]
    integration.instrument()
    integration.instrument()
    assert before != [dict(vars(owner)) for owner in owners]
    integration.uninstrument()
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert (before, []) == ([dict(vars(owner)) for owner in owners], spans())


def test_a_dialect_that_comes_later_is_recorded(memory, spans):
    """Its class may be made, and its methods its own, after the library was instrumented."""
    integration.instrument()

    class Late(SQLiteDialect_pysqlite):
        supports_statement_cache = True

        def do_execute(self, cursor, statement, parameters, context=None):
            cursor.execute(statement, parameters)

    registry.impls["sqlite.late"] = lambda: Late
    engine = sqlalchemy.create_engine("sqlite+late://")
    with engine.connect() as connection:
        connection.execute(text("SELECT 1 AS late"))
    engine.dispose()
    span = spans()[-1]
    assert ("SELECT ? AS late", ":memory:") == (
        span.attributes["db.query.text"],
        span.attributes["db.namespace"],
    )


def test_nothing_is_recorded_where_tracing_is_suppressed(engine, spans):
    """Nor is what is sent disturbed."""
    integration.instrument()
    with trace.suppressed(), engine.connect() as connection:
        assert 1 == connection.execute(text("SELECT 1")).scalar()
    assert [] == spans()


def test_sqlite_itself_can_be_recorded_below(url, memory, spans):
    """What SQLAlchemy did not send is the driver's to tell."""
    sqlite3_integration.instrument()
    integration.instrument()
    sqlite3.connect(":memory:").execute("SELECT 1")
    assert ["midspan.integrations.sqlite3"] == [span.scope.name for span in spans()]
