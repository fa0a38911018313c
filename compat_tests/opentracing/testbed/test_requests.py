"""Clients, servers and the handlers between them: three scenarios of OpenTracing's testbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentracing import Format

from midspan.trace import SpanKind

if TYPE_CHECKING:
    from compat_tests.opentracing.testbed._runtimes import Runtime
    from midspan.bridges.opentracing import Tracer
    from midspan.testing import MemoryExporter


@pytest.mark.parametrize("is_active", [True, False])
def test_client_server(runtime: Runtime, tracer: Tracer, memory: MemoryExporter, is_active: bool) -> None:
    """A message carries its sender's span; what answers it is a child, however the client held its span."""

    async def server(inbox: Any) -> None:
        message = await inbox.get()
        caller = tracer.extract(Format.TEXT_MAP, message)
        with tracer.start_active_span("receive", child_of=caller, tags={"span.kind": "server"}):
            await runtime.sleep()

    async def send(span: Any, inbox: Any) -> None:
        span.set_tag("span.kind", "client")
        message: dict[str, str] = {}
        tracer.inject(span.context, Format.TEXT_MAP, message)
        inbox.put(message)

    async def main() -> None:
        inbox = runtime.channel()
        served = runtime.spawn(server, inbox)
        if is_active:
            with tracer.start_active_span("send") as scope:
                await send(scope.span, inbox)
        else:
            with tracer.start_span("send") as span:
                await send(span, inbox)
        await served()

    runtime.run(main)
    client, server_span = sorted(memory.spans, key=lambda span: span.kind, reverse=True)
    assert (SpanKind.CLIENT, SpanKind.SERVER) == (client.kind, server_span.kind)
    assert client.context.span_id == server_span.parent.span_id
    assert client.context.trace_id == server_span.context.trace_id


class Handler:
    """What a client library calls before and after each request, from tasks of its own."""

    def __init__(self, tracer: Tracer, context: Any = None, *, ignore_active_span: bool = True) -> None:
        self._tracer = tracer
        self._context = context
        self._ignore = ignore_active_span

    def before_request(self, request: dict[str, Any]) -> None:
        """Begin the request's span; it is not active afterwards."""
        request["span"] = self._tracer.start_span(
            request["name"],
            child_of=self._context,
            ignore_active_span=self._ignore,
            tags={"span.kind": "client"},
        )

    def after_request(self, request: dict[str, Any]) -> None:
        """Finish it."""
        request["span"].finish()


class Client:
    """A client that handles each request in a task."""

    def __init__(self, runtime: Runtime, handler: Handler) -> None:
        self._runtime = runtime
        self._handler = handler

    async def send(self, name: str) -> Any:
        """Return what awaits the answer."""

        async def before() -> dict[str, Any]:
            request = {"name": name}
            self._handler.before_request(request)
            return request

        async def after(request: dict[str, Any]) -> str:
            await self._runtime.sleep()
            self._handler.after_request(request)
            return f"answer to {name}"

        return self._runtime.spawn(after, await self._runtime.spawn(before)())


async def ask(client: Client, *names: str) -> list[str]:
    """Send all requests, then collect the answers."""
    return [await answer() for answer in [await client.send(name) for name in names]]


def test_common_request_handler_two_requests(runtime: Runtime, tracer: Tracer, tree: Any) -> None:
    """One handler for all: requests that overlap have a trace each."""
    client = Client(runtime, Handler(tracer))
    assert ["answer to a", "answer to b"] == runtime.run(ask, client, "a", "b")
    assert {"a": None, "b": None} == tree()


def test_common_request_handler_does_not_pick_the_active_span(
    runtime: Runtime, tracer: Tracer, tree: Any
) -> None:
    """A handler that ignores what is active begins traces, wherever its tasks were started."""
    client = Client(runtime, Handler(tracer))

    async def main() -> None:
        with tracer.start_active_span("parent"):
            await ask(client, "a")

    runtime.run(main)
    assert {"a": None, "parent": None} == tree()


def test_common_request_handler_takes_the_active_span_where_tasks_inherit_it(
    runtime: Runtime, tracer: Tracer, tree: Any
) -> None:
    """A handler that does not ignore it gives the request the parent that its task has, if any."""
    client = Client(runtime, Handler(tracer, ignore_active_span=False))

    async def main() -> None:
        with tracer.start_active_span("parent"):
            await ask(client, "a")

    runtime.run(main)
    assert {"a": "parent" if runtime.inherits else None, "parent": None} == tree()


def test_common_request_handler_keeps_the_parent_that_it_was_made_with(
    runtime: Runtime, tracer: Tracer, tree: Any
) -> None:
    """Even after that has ended, and under another: this is how one shares a client by mistake."""

    async def main() -> None:
        with tracer.start_active_span("maker") as scope:
            client = Client(runtime, Handler(tracer, scope.span.context))
            await ask(client, "a")
        with tracer.start_active_span("user"):
            await ask(client, "b")

    runtime.run(main)
    assert {"a": "maker", "b": "maker", "maker": None, "user": None} == tree()


def test_listener_per_request(runtime: Runtime, tracer: Tracer, memory: MemoryExporter, tree: Any) -> None:
    """Each request has a listener of its own that holds its span and finishes it with the answer."""

    class Listener:
        def __init__(self, span: Any) -> None:
            self._span = span

        def on_answer(self, answer: str) -> None:
            self._span.set_tag("answer", answer).finish()

    async def work(listener: Listener, name: str) -> None:
        await runtime.sleep()
        listener.on_answer(f"answer to {name}")

    async def main() -> None:
        results = []
        for name in ("a", "b"):
            span = tracer.start_span(name, ignore_active_span=True, tags={"span.kind": "client"})
            results.append(runtime.spawn(work, Listener(span), name))
        for result in results:
            await result()

    runtime.run(main)
    assert {"a": None, "b": None} == tree()
    assert {"answer to a", "answer to b"} == {span.attributes["answer"] for span in memory.spans}
    assert {SpanKind.CLIENT} == {span.kind for span in memory.spans}
