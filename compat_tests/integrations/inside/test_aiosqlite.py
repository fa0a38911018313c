"""aiosqlite, which sends in a thread of its own what sqlite3's integration records."""

from __future__ import annotations

import asyncio
import sqlite3

import aiosqlite
import pytest
import sqlalchemy
from _databases import SECRET
from aiosqlite.core import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from midspan import trace
from midspan.integrations import sqlalchemy as sqlalchemy_integration
from midspan.integrations import sqlite3 as integration
from midspan.trace import StatusCode


@pytest.fixture(autouse=True)
def _off():
    yield
    for each in (integration, sqlalchemy_integration):
        each.uninstrument()


def test_a_statement_is_recorded_below_the_task_that_asks_for_it(memory, spans):
    """However many ask at once; what it raises is sqlite3's own."""
    integration.instrument()

    async def one(connection, name):
        with trace.get_tracer("t").start_as_current_span(name) as work:
            async with connection.execute(f"SELECT '{SECRET}' AS {name}") as cursor:
                assert (SECRET,) == await cursor.fetchone()
            assert trace.get_current_span() is work
        return name, work.context

    async def main():
        async with aiosqlite.connect(":memory:") as connection:
            told = await asyncio.gather(one(connection, "a"), one(connection, "b"))
            with pytest.raises(sqlite3.OperationalError):
                await connection.execute("SELECT 1 FROM nowhere")
        return told

    parents = dict(asyncio.run(main()))
    *asked, failed = (span for span in spans() if span.scope.name == "midspan.integrations.sqlite3")
    assert [(f"SELECT ? AS {name}", parents[name]) for name in "ab"] == sorted(
        (span.attributes["db.query.text"], span.parent) for span in asked
    )
    assert ("SELECT nowhere", StatusCode.ERROR) == (failed.name, failed.status.code)


# SQLAlchemy 1.4.0 does not know aiosqlite yet.
if sqlalchemy.__version__ != "1.4.0":

    def test_sqlalchemy_s_span_is_the_only_one_of_its_statement(memory, spans, tmp_path):
        """Whichever of the two was instrumented first."""
        integration.instrument()
        sqlalchemy_integration.instrument()

        async def main():
            engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
            async with engine.begin() as connection:
                await connection.execute(text("CREATE TABLE users (id INT)"))
                await connection.execute(text("INSERT INTO users VALUES (:id)"), [{"id": 1}, {"id": 2}])
            await engine.dispose()

        asyncio.run(main())
        found = [(span.scope.name.rpartition(".")[2], span.name) for span in spans() if "users" in span.name]
        assert [("sqlalchemy", "CREATE users"), ("sqlalchemy", "INSERT users")] == found


def test_uninstrument_restores_the_very_function(memory, spans):
    """And nothing is recorded any more."""
    before = Connection._execute
    integration.instrument()
    assert before is not Connection._execute
    integration.uninstrument()

    async def main():
        async with aiosqlite.connect(":memory:") as connection:
            await connection.execute("SELECT 1")

    asyncio.run(main())
    assert (before, []) == (Connection._execute, spans())
