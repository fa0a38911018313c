"""Nest all three interfaces in every order, with the old libraries for logs, requests and threads at work.

At each step the application logs and requests a peer, through OpenCensus's library alone and through both.
Prints, as JSON, what was seen: a row for each step of each nesting.
"""

from __future__ import annotations

import asyncio
import http.server
import itertools
import json
import logging
import threading
from contextlib import contextmanager

import opentracing
import requests
from logging_opentracing import OpenTracingHandler
from opencensus.ext.logging.trace import trace_integration as trace_logging
from opencensus.ext.requests.trace import trace_integration as trace_requests
from opencensus.ext.threading.trace import trace_integration as trace_threading
from opencensus.trace import samplers
from opencensus.trace.tracer import Tracer
from requests_opentracing import SessionTracing

from midspan import sdk, testing, trace
from midspan.bridges import opencensus as oc_bridge
from midspan.bridges import opentracing as ot_bridge

INTERFACES = ("native", "census", "tracing")


class Echo(http.server.BaseHTTPRequestHandler):
    """A peer that answers with the caller's `traceparent`."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers.get("traceparent", "").encode())

    def log_message(self, *args):
        pass


class Application:
    """What knows nothing of midspan but its third interface."""

    def __init__(self, url):
        self.url = url
        self.census = Tracer(sampler=samplers.AlwaysOnSampler())
        self.session = SessionTracing(opentracing.global_tracer(), propagate=True)
        self.records = []
        # Made after the integration, so OpenCensus's library knows it.
        self.log = logging.getLogger("shop")
        self.log.propagate = False
        kept = logging.Handler()
        kept.emit = self.records.append
        for handler in (kept, OpenTracingHandler(opentracing.global_tracer())):
            self.log.addHandler(handler)
        self.steps = []

    @contextmanager
    def span(self, interface, name):
        """Open a span that is current in a block."""
        if interface == "native":
            with trace.get_tracer("native").start_as_current_span(name):
                yield
        elif interface == "census":
            with self.census.span(name):
                yield
        else:
            with opentracing.global_tracer().start_active_span(name):
                yield

    def step(self, name):
        """Log and request; keep what the log says, and what the peer was told."""
        current = trace.get_current_span()
        self.log.warning("at %s", name)
        record = self.records[-1]
        self.steps.append(
            {
                "name": name,
                "current": current,
                "logged": (record.traceId, record.spanId, record.traceSampled),
                "census": requests.get(f"{self.url}/{name}", timeout=10).text,
                "both": self.session.get(f"{self.url}/{name}/both", timeout=10).text,
            }
        )

    def descend(self, order, hop, depth=0):
        """Open a span for each interface, with a hop between one and the next."""
        if depth < len(order):
            with self.span(order[depth], str(depth)):
                self.step(str(depth))
                hop(lambda: self.descend(order, hop, depth + 1))
                self.step(str(depth))

    async def descend_in_tasks(self, order, depth=0):
        """The same, each in a task of its own."""
        if depth < len(order):
            with self.span(order[depth], str(depth)):
                await asyncio.sleep(0)
                self.step(str(depth))
                await asyncio.create_task(self.descend_in_tasks(order, depth + 1))
                self.step(str(depth))


def by_call(function):
    """Call it."""
    function()


def by_thread(function):
    """Start a thread, which OpenCensus's library for threads gives what is current."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def shown(step, spans):
    """Return what one step shows, by the names of spans."""
    current = step["current"]
    by_id = {f"{span.context.span_id:016x}": span for span in spans}
    ids = (f"{current.context.trace_id:032x}", f"{current.context.span_id:016x}", True)

    def line(header):
        """Return the names from the span that a peer was told of up to the root."""
        span, names = by_id[header.split("-")[2]], []
        while span is not None:
            names.append(span.name)
            span = span.parent and by_id[f"{span.parent.span_id:016x}"]
        return names

    return {
        "current": current.name,
        "log tells the ids": step["logged"] == ids,
        "logs of the span": [event.attributes["message"] for event in current.events],
        "told by census": line(step["census"]),
        "told by both": line(step["both"]),
    }


def main():
    """Run every order in every way, and print the rows."""
    memory = testing.MemoryExporter()
    pipeline = sdk.configure(exporters=[memory], strict=True, environment={})
    oc_bridge.install(legacy_exporters="replace")
    ot_bridge.install()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for integrate in (trace_logging, trace_requests, trace_threading):
        integrate()
    application = Application(f"http://127.0.0.1:{server.server_port}")
    rows = {}
    for order in itertools.product(INTERFACES, repeat=3):
        application.descend(order, by_call)
        application.descend(order, by_thread)
        asyncio.run(application.descend_in_tasks(order))
        assert pipeline.force_flush(5)
        rows["-".join(order)] = [shown(step, memory.spans) for step in application.steps]
        application.steps.clear()
        memory.clear()
    server.shutdown()
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
