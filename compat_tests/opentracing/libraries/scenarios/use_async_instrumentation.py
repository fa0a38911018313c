"""opentracing-async-instrumentation: its aiohttp middleware and client hook, two requests at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import ClientSession, web
from opentracing.scope_managers.contextvars import ContextVarsScopeManager
from opentracing_async_instrumentation.client_hooks import install_patches
from opentracing_async_instrumentation.client_hooks.aiohttpserver import enable_tracing

if TYPE_CHECKING:
    from _stage import Stage

SCOPE_MANAGER = ContextVarsScopeManager
GIVES = """
page
  GET [client]
    GET [server]
      GET [client]
        GET [server]
          work
page
  GET [client]
    GET [server] error
slow
  GET [client]
    GET [server]
      after the wait
quick
  GET [client]
    GET [server]
"""


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    install_patches(["opentracing_async_instrumentation.client_hooks.aiohttpclient.install_patches"])
    asyncio.run(_play(stage))


async def _play(stage: Stage) -> None:
    arrived, served = asyncio.Event(), asyncio.Event()

    async def hello(request: web.Request) -> web.Response:
        stage.note("baggage", stage.tracer.active_span.get_baggage_item("tenant"))
        async with ClientSession() as session, session.get(f"{url}/last") as answer:
            return web.Response(text=await answer.text())

    async def last(request: web.Request) -> web.Response:
        with stage.tracer.start_active_span("work"):
            return web.Response(text="last")

    async def fail(request: web.Request) -> web.Response:
        raise KeyError("no such thing")

    async def slow(request: web.Request) -> web.Response:
        arrived.set()
        await served.wait()
        with stage.tracer.start_active_span("after the wait"):
            return web.Response(text="slow")

    async def quick(request: web.Request) -> web.Response:
        served.set()
        return web.Response(text="quick")

    app = web.Application(middlewares=[enable_tracing])
    app.add_routes([web.get(f"/{view.__name__}", view) for view in (hello, last, fail, slow, quick)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as session:
        for path in ("hello?x=1", "fail"):
            with stage.tracer.start_active_span("page") as scope:
                scope.span.set_baggage_item("tenant", "acme")
                async with session.get(f"{url}/{path}", headers={"X-Service": "shop"}) as answer:
                    stage.note("answer", answer.status)
        stage.let_ends_race()

        async def caller(path: str) -> None:
            with stage.tracer.start_active_span(path):
                async with session.get(f"{url}/{path}") as answer:
                    stage.note(path, answer.status)

        patient = asyncio.create_task(caller("slow"))
        await arrived.wait()
        await caller("quick")
        await patient
    await runner.cleanup()
    stage.note("still active", stage.tracer.active_span is not None)
