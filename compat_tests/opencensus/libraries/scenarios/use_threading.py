"""opencensus-ext-threading: threads and pools of threads carry on the trace, from new code too."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING

from opencensus.ext.threading import trace as library
from opencensus.trace import execution_context

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
page
  in a thread
    in a thread, new code
  new code
    in a thread of new code
      in a thread of new code, new code
  executor_0
    in an executor
      in an executor, new code
  executor_0
    in an executor
      in an executor, new code
  a thread of a pool
    in a pool
      in a pool, new code
  a thread of a pool
    with a callback
      with a callback, new code
  after
in a thread after all
  in a thread after all, new code
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

    tracer = stage.tracer()
    with tracer.span("page"):
        _in_thread(work, "in a thread")
        with stage.native("new code"):
            _in_thread(work, "in a thread of new code")
        with ThreadPoolExecutor(1, thread_name_prefix="executor") as pool:
            stage.note(
                "executor", [pool.submit(work, "in an executor", more=number).result() for number in (1, 2)]
            )
        with ThreadPool(1) as pool:
            stage.note("pool", pool.apply_async(work, ("in a pool",), {"more": 3}).get(timeout=10))
            stage.note("callback", _called_back(pool, work))
        with tracer.span("after"):
            pass
    _in_thread(work, "in a thread after all")


def _in_thread(work, name: str) -> None:
    thread = threading.Thread(target=work, args=(name,), kwargs={"more": 5})
    thread.start()
    thread.join(timeout=10)


def _called_back(pool: ThreadPool, work) -> list[int]:
    results: list[int] = []
    done = threading.Event()
    pool.apply_async(work, ("with a callback",), callback=lambda one: (results.append(one), done.set()))
    done.wait(timeout=10)
    return results
