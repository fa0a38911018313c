"""Make spans in an event loop while the backend is slow, and measure how long the loop stood still.

`loops.py KIND WHEN EXPORTER`: KIND is gevent, eventlet or asyncio. WHEN says at what moment the library
patches Python: "before" midspan is imported, once it is "imported", or once it is "configured" and at work.
EXPORTER is "otlp", or "blocking" for one that blocks as a C library does, behind everybody's back.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import Any

kind, when, exporter = sys.argv[1:]
TICK_S = 0.005
WINDOW_S = 1.0


def patch(moment: str) -> None:
    """Patch, if this is the moment."""
    if moment != when or kind == "asyncio":
        return
    if kind == "gevent":
        from gevent import monkey

        monkey.patch_all()
    else:
        import eventlet

        eventlet.monkey_patch()


patch("before")
from midspan import sdk, trace  # noqa: E402 - that is the point

patch("imported")


class Blocking:
    """Sleep as a C library does: no patch ever reaches it."""

    name = "blocking"

    def export_spans(self, spans: object) -> None:
        """Keep the thread for 0.7 seconds."""
        ctypes.CDLL(None).usleep(700_000)


pipeline = sdk.configure(
    service_name="life",
    exporters=[Blocking() if exporter == "blocking" else exporter],
    batch=sdk.BatchSettings(schedule_delay_s=0.05),
)
tracer = trace.get_tracer("life")
with tracer.start_as_current_span("before the patch"):
    pass
patch("configured")
until_s = time.monotonic() + WINDOW_S
stalls: list[float] = []


def step(last_s: float) -> float:
    """Note how long the loop took beyond a tick, and make a span."""
    now_s = time.monotonic()
    stalls.append(now_s - last_s - TICK_S)
    with tracer.start_as_current_span("work"):
        pass
    return time.monotonic()


def green(sleep: Any) -> None:
    """Tick in a greenlet."""
    last_s = time.monotonic()
    while last_s < until_s:
        sleep(TICK_S)
        last_s = step(last_s)


async def main() -> None:
    """Tick in a task, while another one flushes."""
    import asyncio

    flushing = asyncio.create_task(asyncio.to_thread(pipeline.force_flush, 0.5))
    last_s = time.monotonic()
    while last_s < until_s:
        await asyncio.sleep(TICK_S)
        last_s = step(last_s)
    await flushing


if kind == "gevent":
    import gevent

    gevent.joinall([gevent.spawn(green, gevent.sleep) for _ in range(2)])
elif kind == "eventlet":
    import eventlet

    for thread in [eventlet.spawn(green, eventlet.sleep) for _ in range(2)]:
        thread.wait()
else:
    import asyncio

    asyncio.run(main())
# A span at each step, and the first one.
print(json.dumps({"made": len(stalls) + 1, "stall_s": max(stalls)}), flush=True)
