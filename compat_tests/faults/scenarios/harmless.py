"""Every verb is given every odd value, every part fails: nothing of it reaches the application."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from compat_tests.faults._figures import QUICK, Figure
from compat_tests.faults._odd import ERRORS, ODD
from compat_tests.faults._process import play_both

if TYPE_CHECKING:
    from compat_tests.faults._figures import Figures, Plan
    from compat_tests.faults._process import Outcome

PARTS = (
    "sampler",
    "id generator",
    "processor at the start",
    "processor at the end",
    "exporter",
    "exporter, simple",
    "clock",
    "propagator",
)


def program(side: Any, endpoint: str) -> dict[str, Any]:
    """Give each verb each odd value, and send what comes of it to a collector."""
    logging.disable()
    side.configure(side.otlp(endpoint), max_queue_size=100_000)
    raised: dict[str, int] = {}
    calls = 0
    for verb, call in side.verbs().items():
        for make in ODD.values():
            calls += 1
            try:
                call(make())
            except Exception:
                raised[verb] = raised.get(verb, 0) + 1
    with side.span("the last one"):
        pass
    side.flush(30)
    return {"calls": calls, "raised": raised, "account": side.account()}


def program_of_parts(side: Any) -> dict[str, Any]:
    """Let each part raise, and then return each odd value; count exceptions and blocks that never ran."""
    logging.disable()
    found = {}
    for part in PARTS:
        for make in [None, *ODD.values()]:
            harm = _harm(side, part, _raise if make is None else _returning(make))
            key = part if make is None else f"{part} returns"
            found[key] = found.get(key, 0) + harm
    return {"found": found, "values": len(ODD)}


def _harm(side: Any, part: str, function: Any) -> int:
    ran = []
    try:
        side.with_part(part, function)
        with side.span("outer") as span:
            side.attribute(span, "key", "value")
            with side.span("inner"):
                side.inject_and_extract()
                ran.append(True)
        side.flush(5)
    except Exception:
        return 1
    return int(not ran)


def _raise(*_: Any, **__: Any) -> Any:
    raise ValueError("no")


def _returning(make: Any) -> Any:
    return lambda *_, **__: make()


def program_of_errors(side: Any) -> dict[str, Any]:
    """Let each odd exception leave a block, and see whether it is the same on the outside."""
    logging.disable()
    side.configure()
    changed = []
    for name, make in ERRORS.items():
        error = make()
        caught: BaseException | None = None
        try:
            with side.span("work"):
                raise error  # noqa: TRY301 - what is caught is what is tested
        except BaseException as other:
            caught = other
        if caught is not error:
            changed.append(name)
    return {"changed": changed, "errors": len(ERRORS)}


def run(plan: Plan = QUICK) -> Figures:
    """Play all three programs; they are the same in full and in short."""
    from compat_tests.faults._collector import Collector

    with Collector() as collector:
        ours, theirs = play_both("harmless", plan.peer, endpoint=collector.endpoint, timeout_s=120)
        last = collector.names["the last one"]
        corrupt = len(collector.corrupt)
    raised = ours.result.get("raised", {"hung": 1})
    account = ours.result.get("account") or {}
    figures = [
        Figure(
            "exceptions of verbs given odd values",
            "0",
            _verbs(ours),
            not raised,
            "" if theirs is None else _verbs(theirs),
        ),
        Figure(
            "the spans of these calls",
            "all exported, readable",
            f"{account.get('exported', 0):,} of {account.get('accepted', 0):,}",
            last >= 1 and not corrupt and account.get("exported") == account.get("accepted"),
        ),
    ]
    return [*figures, *_parts(plan), _errors(plan)]


def _verbs(outcome: Outcome) -> str:
    result = outcome.result
    if not result:
        return "hung" if outcome.hung else outcome.log[-200:]
    return f"{sum(result['raised'].values()):,} of {result['calls']:,}"


def _parts(plan: Plan) -> Figures:
    ours, theirs = play_both("harmless.program_of_parts", plan.peer, timeout_s=300)
    values = len(ODD)

    def told(outcome: Outcome | None, key: str, tries: int) -> str:
        if outcome is None or (key.startswith("clock") and outcome is theirs):
            return ""
        return f"{outcome.result['found'][key]} of {tries}" if outcome.result else outcome.log[-200:]

    return [
        Figure(
            f"harm by a {part} that raises / that returns what is odd",
            "0 / 0",
            f"{told(ours, part, 1)} / {told(ours, part + ' returns', values)}",
            bool(ours.result) and ours.result["found"][part] + ours.result["found"][part + " returns"] == 0,
            " / ".join(filter(None, (told(theirs, part, 1), told(theirs, part + " returns", values)))),
        )
        for part in PARTS
    ]


def _errors(plan: Plan) -> Figure:
    ours, theirs = play_both("harmless.program_of_errors", plan.peer)
    return Figure(
        "exceptions of the application that left a block changed",
        "0",
        _changed(ours),
        bool(ours.result) and not ours.result["changed"],
        "" if theirs is None else _changed(theirs),
    )


def _changed(outcome: Outcome) -> str:
    if not outcome.result:
        return outcome.log[-200:]
    return f"{len(outcome.result['changed'])} of {outcome.result['errors']}"
