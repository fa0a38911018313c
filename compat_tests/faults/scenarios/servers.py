"""Servers fork, replace and end their workers under a known load: each request, each task is one trace.

The peer is configured where the application is loaded, as midspan is, without the hooks that its users have
to write for each server.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.life import _servers

if TYPE_CHECKING:
    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.life._receiver import Account

_REQUESTS = 1_000
_TASKS = 1_000
# Each takes a process of its own, which Celery lets linger for a second.
_TASKS_OF_ONE = 40
_FLUSHING = {"MIDSPAN_FLUSH_ON_SIGTERM": "true"}
# Those that the tests of compat_tests/life leave out.
_QUICK = ("gunicorn, threads", "uWSGI, threads")


def run(plan: Plan = QUICK) -> Figures:
    """Play every server, or two of them."""
    if not plan.is_full:
        return [_web(plan, name, 100) for name in _QUICK]
    figures = [_web(plan, name, _REQUESTS) for name in _servers.WEB]
    with _servers.broker() as broker:
        numbers = itertools.count()
        for name in _servers.CELERY:
            made = _TASKS_OF_ONE if "max-tasks" in name else _TASKS
            figures.append(_celery(plan, name, made, f"{broker}/{{}}", numbers))
    return figures


def _web(plan: Plan, name: str, made: int) -> Figure:
    command = _servers.WEB[name]
    ours = _servers.web(command, made, variables=_FLUSHING).account
    theirs = _servers.web(command, made, side="peer").account if plan.peer else None
    return _figure(name, ours, theirs)


def _celery(plan: Plan, name: str, made: int, broker: str, numbers: itertools.count[int]) -> Figure:
    options = _servers.CELERY[name]
    ours = _servers.celery(options, made, broker=broker.format(next(numbers))).account
    theirs = None
    if plan.peer:
        theirs = _servers.celery(options, made, broker=broker.format(next(numbers)), side="peer").account
    return _figure(name, ours, theirs)


def _figure(name: str, ours: Account, theirs: Account | None) -> Figure:
    must = f"{ours.made:,} whole traces, once"
    return Figure(name, must, _told(ours), ours.is_exact, "" if theirs is None else _told(theirs))


def _told(account: Account) -> str:
    whole = f"{account.whole:,} of {account.made:,}"
    clashes = f", {account.clashes:,} ids twice" if account.clashes else ""
    return whole + clashes
