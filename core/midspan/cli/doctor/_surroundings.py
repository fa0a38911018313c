"""Look at what else decides whether telemetry arrives: switches, proxies, the folder to spill to, servers."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

from midspan._forks import has_frozen_threads, is_before_fork
from midspan.cli.doctor._report import BROKEN, Setting
from midspan.cli.doctor._values import said_by
from midspan.sdk._environment import Environment
from midspan.sdk._settings import spill_settings
from midspan.sdk._spill_state import spill_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from midspan.cli.doctor._report import Report
    from midspan.sdk._spill_state import Waiting

__all__ = ["look_around"]

_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
# As long as a parcel in memory would be tried: a short outage is nothing to tell of.
_LONG_S: Final = 300.0


def look_around(report: Report, readings: Mapping[str, str | None]) -> None:
    """Note what stands in the way, and what only seems to."""
    _look_at_switch(report)
    _look_at_spill(report, readings)
    _look_at_proxies(report)
    _look_at_server(report)


def _look_at_switch(report: Report) -> None:
    if Environment().boolean("OTEL_SDK_DISABLED"):
        report.trouble("nothing will be sent: OTEL_SDK_DISABLED is true", "unset OTEL_SDK_DISABLED", BROKEN)


def _look_at_spill(report: Report, readings: Mapping[str, str | None]) -> None:
    settings = spill_settings(None, Environment())
    if settings is None:
        report.settings.append(Setting("spill", "off: what memory cannot hold is lost"))
        return
    state = spill_state(settings)
    waiting = ", ".join(map(_told, state.waiting)) or "nothing waits"
    report.settings.append(Setting("spill", f"{settings.folder}: {waiting}", said_by(readings, "spill")))
    if state.trouble:
        report.trouble(f"the file in {settings.folder} cannot be read: {state.trouble}")
    if not state.is_writable:
        report.trouble(
            f"{settings.folder} (MIDSPAN_SPILL) cannot be written to",
            "give this user the right to write there",
        )
    oldest_s = max((time.time() - each.since_s for each in state.waiting), default=0.0)
    if oldest_s > _LONG_S:
        report.add(
            "warning",
            f"what waits in {settings.folder} is up to {_age(oldest_s)} old, and too old at "
            f"{_age(settings.max_age_s)}: {waiting}",
            "it is sent by the next process that has this folder and reaches its backend",
        )


def _told(waiting: Waiting) -> str:
    age = _age(time.time() - waiting.since_s)
    items = "spans" if waiting.signal == "spans" else "points"
    # Its name comes first, then where it sends to.
    exporter = waiting.exporter.partition(" ")[0]
    return f"{waiting.items} {items} for {exporter}, up to {age} old"


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _look_at_proxies(report: Report) -> None:
    found = [name for upper in _PROXIES for name in (upper, upper.lower()) if os.environ.get(name)]
    if found:
        report.add(
            "note",
            f"{', '.join(found)}: exporters over HTTP do not use proxies that only the environment names",
            "give proxy= in code, if the backend is behind one",
        )


def _look_at_server(report: Report) -> None:
    """Tell of uWSGI, if this runs in one; that its threads are off, configure() itself says."""
    if "uwsgi" in sys.modules:
        threads = "threads run only during requests" if has_frozen_threads() else "threads run"
        before = ", before the fork: what is sent, the workers send" if is_before_fork() else ""
        report.settings.append(Setting("uWSGI", f"{threads}{before}"))
    if "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].is_module_patched("socket"):
        report.settings.append(Setting("gevent", "has patched sockets here"))
