"""The same over gRPC: a collector is away, mistaken, or silent, and says so with gRPC's status codes."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults.scenarios import delivery, forks, greenlets
from compat_tests.faults.scenarios import hanging as hangs

if TYPE_CHECKING:
    from compat_tests.faults._arrivals import Arrivals, Case
    from compat_tests.faults._figures import Figures, Plan

_GRPC = {"protocol": "grpc"}
# An ExportTracePartialSuccess: rejected_spans = 3, error_message = "late".
_PARTIAL = b"\x0a\x08\x08\x03\x12\x04late"


def run(plan: Plan = QUICK) -> Figures:
    """Play the rows of delivery, and those of a collector that hangs."""
    from compat_tests.faults._arrivals import figures

    cases = [*_away(plan), *_told_to_wait(plan), *_final(), *_too_large()]
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(_hanging, plan)
        found = [*figures(plan, cases), *hanging.result()]
    return [*found, *_stalls(plan), *_forks(plan)]


def _case(what: str, must: str, holds: Any, arguments: dict[str, Any], **more: Any) -> Case:
    from compat_tests.faults._arrivals import Case
    from compat_tests.faults._grpc_collector import GRPCCollector

    options: dict[str, Any] = {"collector": GRPCCollector, **more}
    return Case(what, must, holds, arguments=arguments | _GRPC, **options)


def _away(plan: Plan) -> list[Case]:
    """Return what only takes patience."""
    from compat_tests.faults._grpc_collector import Status

    away_s, spans = plan.choose(10, 3), int(plan.choose(20_000, 5_000))
    ill_s, ill = plan.choose(20, 3), int(plan.choose(2_000, 500))
    until = delivery._Until(ill_s, Status("UNAVAILABLE"), Status())
    return [
        _case(
            f"away for {away_s:g} s, {spans:,} spans at 1,000/s",
            "all arrive",
            delivery._all,
            {"spans": spans, "per_s": 1_000},
            away_s=away_s,
        ),
        _case(
            f"UNAVAILABLE for {ill_s:g} s, {ill:,} spans",
            "all arrive",
            delivery._all,
            {"spans": ill, "per_s": ill / ill_s},
            reply=lambda number, _: until.reply(number),
        ),
    ]


def _told_to_wait(plan: Plan) -> list[Case]:
    """Return what a backend asks for in a RetryInfo, where what is exhausted may be so for a while only."""
    from compat_tests.faults._arrivals import replies
    from compat_tests.faults._grpc_collector import Status, retry_info

    told_s = int(plan.choose(5, 2))

    def holds(arrivals: Arrivals) -> bool:
        return delivery._all(arrivals) and told_s <= arrivals.outcome.result["took_s"] <= told_s * 1.1 + 4

    return [
        _case(
            f"{code} once, RetryInfo: {told_s} s",
            f"all arrive after {told_s} s or little more",
            holds,
            {"spans": 100},
            reply=replies(Status(code, retry_info(told_s))),
            told=delivery._told_with_time,
        )
        for code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
    ]


def _final() -> list[Case]:
    """Return answers that are final: nothing is sent again, all is counted, one line says so."""
    from compat_tests.faults._arrivals import replies
    from compat_tests.faults._grpc_collector import Status

    return [
        *(
            _case(
                code,
                "1 request, 100 counted, False, said",
                delivery._is_refused,
                {"spans": 100},
                reply=replies(Status(code)),
                told=delivery._told_with_answer,
            )
            for code in ("RESOURCE_EXHAUSTED", "INTERNAL", "UNIMPLEMENTED")
        ),
        _case(
            "3 of 100 rejected",
            "1 request, 3 counted, said",
            delivery._is_rejected,
            {"spans": 100},
            reply=replies(Status(body=_PARTIAL)),
            told=delivery._told_with_answer,
        ),
    ]


def _too_large() -> list[Case]:
    """Return what does not fit into a message, by the limit that servers have, and by a narrower one."""
    from compat_tests.faults._grpc_collector import GRPCCollector

    batch = {"max_export_batch_size": 1_024}
    return [
        _case(
            f"{size / 1e6:g} MB of 1,024 spans, a limit of {limit / 2**20:g} MiB",
            "all arrive",
            delivery._all,
            {"spans": 1_024, "values": size // 1_024, "settings": batch},
            collector=partial(GRPCCollector, limit_bytes=limit),
        )
        for size, limit in ((5_000_000, 2**22), (3_000_000, 2**20))
    ] + [
        _case(
            "one span of 5 MB among 500",
            "499 arrive, one is counted",
            delivery._is_all_but_one,
            {"spans": 500, "large_values": 100},
        )
    ]


def _hanging(plan: Plan) -> Figures:
    from compat_tests.faults._collector import free_port
    from compat_tests.faults._grpc_collector import GRPCCollector

    with GRPCCollector(silent=True) as silent, ThreadPoolExecutor(3) as pool:
        nobody = f"http://127.0.0.1:{free_port()}"
        played = [
            *hangs._deadlines(pool, plan, "collector silent", silent.endpoint, **_GRPC),
            pool.submit(hangs._exit, plan, "nobody listens", nobody, **_GRPC),
        ]
        return [future.result() for future in played]


def _stalls(plan: Plan) -> Figures:
    """Let greenlets tick beside a call that hangs."""
    if importlib.util.find_spec("gevent") is None:
        return [Figure("gevent", "", "gevent is not installed: not played")]
    from compat_tests.faults._grpc_collector import GRPCCollector

    with GRPCCollector(silent=True) as collector:
        return [
            greenlets._stall(plan, when, "collector silent", collector.endpoint, **_GRPC)
            for when in greenlets._WHENS
        ]


def _forks(plan: Plan) -> Figures:
    """Fork beside threads that make spans; without the peer: where it hangs, it does so for minutes."""
    from compat_tests.faults._grpc_collector import GRPCCollector

    count = int(plan.choose(1_000, 30))
    return forks._figures(count, forks._play(count, GRPCCollector, **_GRPC))
