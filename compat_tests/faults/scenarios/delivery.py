"""A collector is away, slow, mistaken, or of bad will; what can arrive arrives, the rest is counted."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure

if TYPE_CHECKING:
    from compat_tests.faults._arrivals import Arrivals, Case
    from compat_tests.faults._figures import Figures, Plan

_LIMIT_BYTES = 4 * 1024 * 1024
_BOMB_BYTES = 128 * 1024 * 1024
_MAX_GROWTH_MIB = 32
# Of a value; longer ones are cut by default.
_VALUE = "x" * 50_000


def program(  # noqa: PLR0913 - what a case varies, by name
    side: Any,
    endpoint: str,
    spans: int,
    *,
    per_s: float = 0,
    values: int = 0,
    large_values: int = 0,
    flush_s: float = 60,
    settings: dict[str, Any] | None = None,
    protocol: str = "http/protobuf",
) -> dict[str, Any]:
    """Make so many spans, with so many bytes in each and so many long values in one; flush, and tell."""
    side.configure(side.otlp(endpoint, protocol), **settings or {})
    _make(side, spans, per_s, values, large_values)
    before_mib = _peak_mib()
    began_s = time.monotonic()
    answer = side.flush(flush_s)
    return {
        "made": spans,
        "answer": answer,
        "took_s": time.monotonic() - began_s,
        "account": side.account(),
        "grown_mib": _peak_mib() - before_mib,
    }


def _peak_mib() -> float:
    # Not `getrusage`: its peak is that of whoever started the process, if that one was larger.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def _make(side: Any, spans: int, per_s: float, values: int, large_values: int) -> None:
    began_s = time.monotonic()
    for number in range(spans):
        with side.span("work") as span:
            side.attribute(span, "key", "x" * values)
            if number == spans // 2:
                for large in range(large_values):
                    side.attribute(span, f"large.{large}", _VALUE)
        if per_s and not number % 50:
            time.sleep(max(0.0, began_s + number / per_s - time.monotonic()))


def run(plan: Plan = QUICK) -> Figures:
    """Play each row of what must hold of delivery over HTTP."""
    from compat_tests.faults._arrivals import figures

    return [
        *figures(plan, [*_away(plan), *_told_to_wait(plan), *_final(), *_too_large(), _bomb()]),
        _redirect(plan),
    ]


def _all(arrivals: Arrivals) -> bool:
    return arrivals.is_exact and arrivals.spans == arrivals.made


def _away(plan: Plan) -> list[Case]:
    """Return what only takes patience."""
    from compat_tests.faults._arrivals import Case
    from compat_tests.faults._collector import Reply

    away_s, spans = plan.choose(10, 3), int(plan.choose(20_000, 5_000))
    slow, ill_s = int(plan.choose(10_000, 3_000)), plan.choose(20, 3)
    ill, until = int(plan.choose(2_000, 500)), _Until(ill_s, Reply(503), Reply())
    return [
        Case(
            f"away for {away_s:g} s, {spans:,} spans at 1,000/s",
            "all arrive",
            _all,
            away_s=away_s,
            arguments={"spans": spans, "per_s": 1_000},
        ),
        Case(
            f"1 s a request, {slow:,} spans at 1,000/s",
            "all arrive",
            _all,
            lambda *_: Reply(delay_s=1),
            arguments={"spans": slow, "per_s": 1_000},
        ),
        Case(
            f"503 for {ill_s:g} s, {ill:,} spans",
            "all arrive",
            _all,
            lambda number, _: until.reply(number),
            arguments={"spans": ill, "per_s": ill / ill_s},
        ),
    ]


class _Until:
    """Answer as one who is ill from the first request on, for so many seconds; each side's begins anew."""

    def __init__(self, ill_s: float, ill: Any, well: Any) -> None:
        self._ill_s = ill_s
        self._ill, self._well = ill, well
        self._well_s = 0.0

    def reply(self, number: int) -> Any:
        if number == 1:
            self._well_s = time.monotonic() + self._ill_s
        return self._ill if time.monotonic() < self._well_s else self._well


def _told_to_wait(plan: Plan) -> list[Case]:
    """Return what a backend may ask for: more than is sensible, and what is no wish at all."""
    from compat_tests.faults._arrivals import Case, replies
    from compat_tests.faults._collector import Reply

    longest_s = plan.choose(30, 1)
    settings = {"delivery": {"longest_told_s": longest_s}}

    def case(status: int, value: str, least_s: float, most_s: float) -> Case:
        def holds(arrivals: Arrivals) -> bool:
            return _all(arrivals) and least_s <= arrivals.outcome.result["took_s"] <= most_s

        return Case(
            f"{status} once, Retry-After: {value}",
            f"all arrive after {least_s:g} to {most_s:g} s",
            holds,
            replies(Reply(status, (("retry-after", value),))),
            arguments={"spans": 100, "settings": settings},
            told=_told_with_time,
        )

    return [
        case(503, "3600", longest_s, longest_s * 1.1 + 4),
        case(429, "1", 0.9, 5),
        # An ordinary pause is half a second, or none if the flush came when it had begun.
        case(503, "soon", 0, 4),
        case(503, "-5", 0, 4),
    ]


def _told_with_time(arrivals: Arrivals) -> str:
    took_s = arrivals.outcome.result.get("took_s", float("nan"))
    return f"{arrivals.spans:,} of {arrivals.made:,} after {took_s:.1f} s"


def _final() -> list[Case]:
    """Return answers that are final: nothing is sent again, all is counted, one line says so."""
    from compat_tests.faults._arrivals import Case, replies
    from compat_tests.faults._collector import Reply

    # An ExportTracePartialSuccess: rejected_spans = 3, error_message = "late".
    partial = b"\x0a\x08\x08\x03\x12\x04late"
    return [
        *(
            Case(
                f"{status}",
                "1 request, 100 counted, False, said",
                _is_refused,
                replies(Reply(status)),
                arguments={"spans": 100},
                told=_told_with_answer,
            )
            for status in (500, 400)
        ),
        Case(
            "3 of 100 rejected",
            "1 request, 3 counted, said",
            _is_rejected,
            replies(Reply(body=partial)),
            arguments={"spans": 100},
            told=_told_with_answer,
        ),
    ]


def _is_refused(arrivals: Arrivals) -> bool:
    return (
        arrivals.is_exact
        and arrivals.account["dropped"] == {"refused": 100}
        and arrivals.requests == 1
        and arrivals.outcome.result["answer"] is False
        and _says_so(arrivals)
    )


def _is_rejected(arrivals: Arrivals) -> bool:
    account = arrivals.account
    counted = bool(account) and (account["exported"], account["dropped"]) == (97, {"rejected": 3})
    return counted and arrivals.requests == 1 and _says_so(arrivals)


def _says_so(arrivals: Arrivals) -> bool:
    return 1 <= len(arrivals.outcome.lines) <= 2


def _told_with_answer(arrivals: Arrivals) -> str:
    result = arrivals.outcome.result
    dropped = (result.get("account") or {}).get("dropped")
    counted = "nothing counted" if dropped is None else f"{sum(dropped.values())} counted"
    lines = len(arrivals.outcome.lines)
    return f"{arrivals.requests} requests, {counted}, {result.get('answer')}, {lines} lines"


def _too_large() -> list[Case]:
    """Return what does not fit into a request."""
    from compat_tests.faults._arrivals import Case
    from compat_tests.faults._collector import Reply

    def limited(limit_bytes: int) -> Any:
        return lambda _, size: Reply(413 if size > limit_bytes else 200)

    batch = {"max_export_batch_size": 1_024}
    return [
        Case(
            f"{size / 1e6:g} MB of 1,024 spans, a limit of {limit / 2**20:g} MiB",
            "all arrive",
            _all,
            limited(limit),
            arguments={"spans": 1_024, "values": size // 1_024, "settings": batch},
        )
        for size, limit in ((5_000_000, _LIMIT_BYTES), (3_000_000, 2**20))
    ] + [
        Case(
            "one span of 5 MB among 500",
            "499 arrive, one is counted",
            _is_all_but_one,
            limited(_LIMIT_BYTES),
            arguments={"spans": 500, "large_values": 100},
        )
    ]


def _is_all_but_one(arrivals: Arrivals) -> bool:
    return arrivals.is_exact and arrivals.account["dropped"] == {"too_large": 1}


def _bomb() -> Case:
    """Return an answer that becomes large when it is unpacked."""
    from compat_tests.faults._arrivals import Case, replies
    from compat_tests.faults._collector import Reply

    bomb = gzip.compress(bytes(_BOMB_BYTES), 1)

    def holds(arrivals: Arrivals) -> bool:
        return arrivals.is_exact and arrivals.outcome.result["grown_mib"] <= _MAX_GROWTH_MIB

    def told(arrivals: Arrivals) -> str:
        return f"{arrivals.outcome.result.get('grown_mib', float('nan')):.0f} MiB"

    return Case(
        f"an answer of {_BOMB_BYTES >> 20} MiB in {len(bomb) >> 10} KiB of gzip: memory",
        f"grows by <= {_MAX_GROWTH_MIB} MiB",
        holds,
        replies(Reply(500, (("content-encoding", "gzip"),), bomb)),
        arguments={"spans": 100},
        told=told,
    )


def _redirect(plan: Plan) -> Figure:
    """Send somebody's spans, and his credentials, elsewhere."""
    from compat_tests.faults._arrivals import Case, figure
    from compat_tests.faults._collector import Collector, Reply

    with Collector() as elsewhere:
        location = (("location", f"{elsewhere.endpoint}/v1/traces"),)

        def holds(arrivals: Arrivals) -> bool:
            return (
                arrivals.is_exact
                and arrivals.account["dropped"] == {"refused": 100}
                and elsewhere.requests == 0
                and _says_so(arrivals)
            )

        return figure(
            plan,
            Case(
                "301 to another host",
                "not followed, 100 counted, said",
                holds,
                lambda *_: Reply(301, location),
                arguments={"spans": 100},
                told=_told_with_answer,
            ),
        )
