"""Let a program send to a collector that is ill; tell what arrived, and what the program says of it."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from compat_tests.faults._collector import Collector, free_port
from compat_tests.faults._figures import Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

__all__ = ["Arrivals", "Case", "figure", "figures", "replies"]

# Most cases wait most of the time; more at once would time each other out.
_AT_ONCE = 4


class Arrivals(NamedTuple):
    """What a collector got from a program, and how the program ended."""

    spans: int
    duplicates: int
    requests: int
    largest_bytes: int
    outcome: Outcome

    @property
    def account(self) -> dict[str, Any]:
        """What the program says of its spans; empty if it has no account."""
        return self.outcome.result.get("account") or {}

    @property
    def made(self) -> int:
        """How many spans the program ended."""
        return int(self.outcome.result.get("made", 0))

    @property
    def is_exact(self) -> bool:
        """Whether each span is accounted for, and what is said to be delivered has come, once."""
        account = self.account
        return (
            bool(account)
            and self.duplicates == 0
            and self.made == account["accepted"]
            and account["exported"] == self.spans
            and account["accepted"]
            == account["exported"] + account["queued"] + account["spilled"] + sum(account["dropped"].values())
        )


class Case(NamedTuple):
    """One row: an illness, what a program does meanwhile, and what must hold."""

    what: str
    must: str
    # Judges what became of midspan's spans.
    holds: Callable[[Arrivals], bool]
    # By the number of a request, from 1, and its bytes.
    reply: Callable[[int, int], Any] | None = None
    # How long nobody listens on the collector's port.
    away_s: float = 0.0
    program: str = "delivery"
    arguments: dict[str, Any] = {}  # noqa: RUF012 - never changed
    with_peer: bool = True
    # What is told of the arrivals, where their number is not what matters.
    told: Callable[[Arrivals], str] | None = None
    # What listens; of another protocol, its replies are of its kind.
    collector: Callable[..., Collector] = Collector


def replies(*given: Any) -> Callable[[int, int], Any]:
    """Answer the first requests with what is given, and take all that follow."""
    taken = type(given[0])()
    return lambda number, _: given[number - 1] if number <= len(given) else taken


def figures(plan: Plan, cases: Sequence[Case]) -> Figures:
    """Play cases, a few at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda case: figure(plan, case), cases))


def figure(plan: Plan, case: Case) -> Figure:
    """Play a case with midspan, and with the peer if the plan has one."""
    told = case.told or _told
    ours = _arrivals(case, {})
    found = Figure(case.what, case.must, told(ours), bool(ours.outcome.result) and case.holds(ours))
    if plan.peer is None or not case.with_peer:
        return found
    return found._replace(peers=told(_arrivals(case, {"side": "peers", "python": plan.peer})))


def _told(arrivals: Arrivals) -> str:
    if not arrivals.outcome.result:
        return "hung" if arrivals.outcome.hung else arrivals.outcome.log[-200:]
    dropped = arrivals.account.get("dropped", {})
    reasons = "".join(f", {count:,} {reason}" for reason, count in dropped.items())
    return f"{arrivals.spans:,} of {arrivals.made:,} ({arrivals.requests} requests{reasons})"


def _arrivals(case: Case, who: dict[str, Any]) -> Arrivals:
    with _collector(case) as collector:
        outcome = play(case.program, timeout_s=300, endpoint=collector.endpoint, **case.arguments, **who)
    spans = sum(collector.names.values())
    return Arrivals(spans, collector.duplicates, collector.requests, collector.largest, outcome)


@contextlib.contextmanager
def _collector(case: Case) -> Iterator[Collector]:
    """Yield a collector that listens, or that will once its time has come."""
    port = free_port() if case.away_s else 0
    numbers, reply = iter(range(1, 1_000_000)), case.reply
    collector = case.collector(reply=reply and (lambda size: reply(next(numbers), size)), port=port)
    if not case.away_s:
        with collector:
            yield collector
        return
    coming = threading.Timer(case.away_s, collector.__enter__)
    coming.start()
    try:
        yield collector
    finally:
        coming.join()
        collector.__exit__(None, None, None)
