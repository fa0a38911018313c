"""Among many spans some carry a value that no format knows; that attribute alone may suffer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._process import play

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compat_tests.faults._figures import Figures, Plan

_SPANS = 1_600
# Every so many spans there is a bad one: 20 of 1,600.
_EVERY = 80


class _Mute:
    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


def _cycle() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    return deep


_HALF = "half a pair: \ud800"
_HUGE = 1 << 70


class _Text(str):
    """A string with a mind of its own."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        raise ValueError("no")

    __str__ = __repr__ = __len__ = __hash__ = encode  # type: ignore[assignment]


# What is done to a bad span, by name; each gets the side and the span.
_BAD: dict[str, Callable[[Any, Any], None]] = {
    "huge int": lambda side, span: side.attribute(span, "value", _HUGE),
    "surrogate": lambda side, span: side.attribute(span, "value", _HALF),
    "surrogate in a list": lambda side, span: side.attribute(span, "value", ["fine", _HALF]),
    "surrogate as the key": lambda side, span: side.attribute(span, _HALF, 1),
    "surrogate as the name": lambda _, span: span.update_name(_HALF),
    "surrogate in an event": lambda _, span: span.add_event(_HALF, {"value": _HALF}),
    "surrogate in the status": lambda side, span: side.fail(span, _HALF),
    "raising __str__": lambda side, span: side.attribute(span, "value", _Mute()),
    "raising __str__ as the name": lambda _, span: span.update_name(_Mute()),
    "unruly str": lambda side, span: side.attribute(span, "value", _Text("text")),
    "cyclic": lambda side, span: side.attribute(span, "value", _cycle()),
    "deep": lambda side, span: side.attribute(span, "value", _deep()),
    "event at a huge time": lambda _, span: span.add_event("event", {}, _HUGE),
    "event at no time": lambda _, span: span.add_event("event", {}, "noon"),
    "end at a huge time": lambda _, span: span.end(_HUGE),
    "link to nothing": lambda _, span: span.add_link(None),
}


def program(side: Any, kind: str, endpoint: str) -> dict[str, Any]:
    """Make spans that each have a good attribute, and some a bad one as well."""
    side.configure(side.otlp(endpoint), max_queue_size=_SPANS)
    raised = 0
    for number in range(_SPANS):
        is_bad = number % _EVERY == 0
        with side.span("bad" if is_bad else "good") as span:
            side.attribute(span, "number", number)
            if is_bad:
                try:
                    _BAD[kind](side, span)
                except Exception:
                    raised += 1
    side.flush(30)
    return {"raised": raised}


def run(plan: Plan = QUICK) -> Figures:
    """Play it with each kind of bad value."""
    return [_figure(plan, kind) for kind in _BAD]


def _figure(plan: Plan, kind: str) -> Figure:
    bad = _SPANS // _EVERY
    good = _SPANS - bad
    ours = _play(kind)
    figure = Figure(
        kind,
        f"{good:,} of {good:,} good spans, the bad ones with what else they have",
        _told(ours, good),
        ours == {"good": good, "bad": bad, "others": bad, "raised": 0, "unreadable": 0},
    )
    return figure if plan.peer is None else figure._replace(peers=_told(_play(kind, plan.peer), good))


def _play(kind: str, peer: Path | None = None) -> dict[str, int]:
    from compat_tests.faults._collector import Collector

    who: dict[str, Any] = {} if peer is None else {"side": "peers", "python": peer}
    with Collector() as collector:
        outcome = play("values", timeout_s=60, kind=kind, endpoint=collector.endpoint, **who)
        bad = [span for span in collector.spans if span.name != "good"]
        return {
            "good": collector.names["good"],
            "bad": len(bad),
            # What else a bad span has: its other attribute.
            "others": sum(any(pair.key == "number" for pair in span.attributes) for span in bad),
            "raised": outcome.result.get("raised", -1),
            "unreadable": len(collector.corrupt),
        }


def _told(found: dict[str, int], good: int) -> str:
    told = f"{found['good']:,} of {good:,} good, {found['others']} of {_SPANS // _EVERY} bad"
    return told + (f", {found['raised']} raised into the caller" if found["raised"] > 0 else "")
