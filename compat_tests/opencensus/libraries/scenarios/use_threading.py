"""opencensus-ext-threading: threads, pools of threads and of processes carry on the trace."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING

from opencensus.ext.threading import trace as library
from opencensus.trace import execution_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from _stage import Stage

GIVES = """
page
  in a thread
    in a thread, new code
  executor_0
    in an executor
      in an executor, new code
  new code
    in a thread of new code
      in a thread of new code, new code
    executor_0
      in an executor, for new code
        in an executor, for new code, new code
  a thread of a pool
    in a pool
      in a pool, new code
  a thread of a pool
    with a callback
      with a callback, new code
  after
in a thread after all
  in a thread after all, new code
another page
  executor_0
    in an executor again
      in an executor again, new code
"""


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    library.trace_integration()
    # A pool's threads are numbered by the interpreter; which of them takes a task is the pool's to say.
    stage.mask(r"^Thread-\d+.*", "a thread of a pool")

    def work(name: str, more: int = 0) -> int:
        with execution_context.get_opencensus_tracer().span(name) as span:
            span.add_attribute("more", more)
            with stage.native(f"{name}, new code"):
                return more + 1

    # As applications have it: one executor for all of their requests.
    with ThreadPoolExecutor(1, thread_name_prefix="executor") as executor:
        tracer = stage.tracer()
        with tracer.span("page"):
            _in_thread(work, "in a thread")
            stage.note("executor", executor.submit(work, "in an executor", more=1).result(timeout=10))
            with stage.native("new code"):
                _in_thread(work, "in a thread of new code")
                executor.submit(work, "in an executor, for new code").result(timeout=10)
            _play_pools(stage, work)
            with tracer.span("after"):
                pass
        _in_thread(work, "in a thread after all")
        with stage.tracer().span("another page"):
            executor.submit(work, "in an executor again").result(timeout=10)


def _play_pools(stage: Stage, work: Callable[..., int]) -> None:
    with ThreadPool(1) as pool:
        stage.note("pool", pool.apply_async(work, ("in a pool",), {"more": 3}).get(timeout=10))
        stage.note("callback", _called_back(pool, work))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        stage.note("another process", pool.apply_async(_ids).get(timeout=10))


def _ids() -> list[str]:
    """Return what a process of a pool would send to others."""
    context = execution_context.get_opencensus_tracer().span_context
    return [context.trace_id, context.span_id, context.trace_options.trace_options_byte]


def _in_thread(work: Callable[..., int], name: str) -> None:
    thread = threading.Thread(target=work, args=(name,), kwargs={"more": 5})
    thread.start()
    thread.join(timeout=10)


def _called_back(pool: ThreadPool, work: Callable[..., int]) -> list[int]:
    results: list[int] = []
    done = threading.Event()
    pool.apply_async(work, ("with a callback",), callback=lambda one: (results.append(one), done.set()))
    done.wait(timeout=10)
    return results
