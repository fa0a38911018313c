"""opencensus-ext-threading, in a span of OpenCensus and without one: threads, and pools of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from _oc import traced
from _stage import note

from midspan import baggage, context, trace

BRIDGE = "opencensus"
INTEGRATIONS = ("threading",)
GIVES = """
page | new code
  new, thread | new code
  oc page | opencensus
    first, thread | new code
    pool_0 | opencensus
      first, pool | new code
    second, thread | new code
    pool_0 | opencensus
      second, pool | new code
    part | new code
      part, thread | new code
      pool_0 | opencensus
        part, pool | new code
    pool_0 | opencensus
"""
NOTES = [
    ["new, thread", "new"],
    ["first, thread", None],
    ["first, pool", "first"],
    ["second, thread", None],
    ["second, pool", "second"],
    ["part, thread", "part"],
    ["part, pool", "part"],
    ["left behind", ["pool_0", {}]],
]


def set_up():
    """Turn the extension on."""
    from opencensus.trace import config_integration

    config_integration.trace_integrations(["threading"])


def work(name):
    """Do something that has a span, and tell of the baggage."""
    with trace.get_tracer("new code").start_as_current_span(name):
        note(name, baggage.get_baggage("user"))


def ask():
    """Work in a thread and in a pool; not in a pool without a tracer, for which the extension breaks it."""
    _in_thread("new")
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool, traced():
        for name in ("first", "second"):
            _in_thread(name)
            _in_pool(pool, name)
        with trace.get_tracer("new code").start_as_current_span("part"):
            _in_thread("part")
            _in_pool(pool, "part")
        with context.attached(context.EMPTY):
            note("left behind", pool.submit(_current).result(timeout=10))


def _in_thread(name):
    with context.attached(baggage.set_baggage("user", name)):
        thread = threading.Thread(target=work, args=(f"{name}, thread",))
        thread.start()
        thread.join()


def _in_pool(pool, name):
    with context.attached(baggage.set_baggage("user", name)):
        pool.submit(work, f"{name}, pool").result(timeout=10)


def _current():
    here = context.current()
    return [getattr(here.span, "name", None), dict(here.baggage)]
