"""asyncpg-opentracing: queries to a real PostgreSQL, two connections at once, a query that fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
from asyncpg_opentracing import tracing_connection
from opentracing.scope_managers.contextvars import ContextVarsScopeManager

if TYPE_CHECKING:
    from _stage import Stage

SCOPE_MANAGER = ContextVarsScopeManager
GIVES = """
page
  asyncpg CREATE [client]
  asyncpg INSERT [client]
  asyncpg SELECT [client]
  asyncpg SELECT [client]
  asyncpg SELECT [client]
  asyncpg SELECT [client] error
asyncpg SELECT [client]
holder
  asyncpg SELECT [client]
  asyncpg SELECT [client]
waiter
  asyncpg SELECT [client]
"""


@tracing_connection
class Connection(asyncpg.Connection):
    """asyncpg's, with its queries traced."""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    asyncio.run(_play(stage))


async def _play(stage: Stage) -> None:
    connection = await _connect(stage)
    with stage.tracer.start_active_span("page"):
        await connection.execute("CREATE TEMP TABLE things (name text, price int)")
        await connection.executemany("INSERT INTO things VALUES ($1, $2)", [("a", 1), ("b", 2)])
        rows = await connection.fetch("SELECT name FROM things WHERE price > $1 ORDER BY 1", 0)
        stage.note("rows", [row["name"] for row in rows])
        stage.note("value", await connection.fetchval("SELECT count(*) FROM things"))
        stage.note(
            "row", list(await connection.fetchrow("SELECT name, price FROM things WHERE name = $1", "b"))
        )
        try:
            await connection.fetch("SELECT nothing FROM nowhere")
        except asyncpg.PostgresError as error:
            stage.note("raised", type(error).__name__)
        stage.note("the page is active again", stage.tracer.active_span is not None)
    await connection.execute("SELECT 1")
    await connection.close()
    await _play_two_at_once(stage)


async def _play_two_at_once(stage: Stage) -> None:
    first, second = await _connect(stage), await _connect(stage)
    locked = asyncio.Event()

    async def holder() -> None:
        with stage.tracer.start_active_span("holder"):
            await first.execute("SELECT pg_advisory_lock(7)")
            locked.set()
            await asyncio.sleep(0.05)
            await first.execute("SELECT pg_advisory_unlock(7)")

    async def waiter() -> None:
        await locked.wait()
        with stage.tracer.start_active_span("waiter"):
            await second.execute("SELECT pg_advisory_lock(7)")

    stage.let_ends_race()
    await asyncio.gather(holder(), waiter())
    await first.close()
    await second.close()


async def _connect(stage: Stage) -> asyncpg.Connection:
    return await asyncpg.connect(
        host="127.0.0.1",
        port=stage.ports["postgres"],
        user="postgres",
        database="postgres",
        connection_class=Connection,
    )
