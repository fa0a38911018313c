"""Keep the benchmark honest: each row does, on each side, the work that it is named after."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.performance import __main__ as command
from compat_tests.performance._cases import CASES, Case
from compat_tests.performance._environments import python_of
from compat_tests.performance._measure import OURS, Figures, Outcome
from compat_tests.performance._orders import BOUNDARIES, LATENCIES_MS, Collected, counted
from compat_tests.performance._processes import SideError, WorkerProcess, import_told_ms
from compat_tests.performance._served import Served
from compat_tests.performance._sides import SIDES
from compat_tests.performance._started import PROGRAMS, started_ms

if TYPE_CHECKING:
    from pathlib import Path

CALLED = {"child": False, "ended": True}
CHARGE = {"name": "charge", "attributes": {}, "events": []} | CALLED
FILLED = {
    "http.method": "POST",
    "http.route": "/cart",
    "cart.items": 3,
    "user.known": True,
    "cart.total": 19.5,
}
STATE = "vendor=00f067aa0ba902b7,other=t61rcWkgMzE"
INJECTED = {"traceparent": "00 32 16 01", "tracestate": STATE, "baggage": "tier,user"}
EXTRACTED = {"ids": True, "sampled": True, "remote": True, "state": STATE, "baggage": ["tier", "user"]}
# Three rounds of ten orders, one for each route, and the sample's own, which is the first route's.
ORDERS = [({"method": "POST", "route": route}, 4 if route == "/cart/0" else 3) for route in LATENCIES_MS]
RECORDED = [
    [attributes, count, count * latency_ms, [count * (slot == fits) for slot in range(len(BOUNDARIES) + 1)]]
    for (attributes, count), latency_ms in zip(ORDERS, LATENCIES_MS.values(), strict=True)
    for fits in [sum(boundary < latency_ms for boundary in BOUNDARIES)]
]


def _latency(number: int, count: int) -> list[Any]:
    """Show a row of OpenCensus's: one each at the start, three rounds of ten, and the sample's own."""
    return [f"/cart/{number:02}", count, count * 12.5, [0, 0, count, 0, 0]]


EXPECTED: dict[str, Any] = {
    "span_current": [CHARGE],
    "span_filled": [CHARGE | {"attributes": FILLED, "events": [["retry", {"attempt": 1}]]}],
    "span_unsampled": {"recording": False, "valid": True, "sampled": False},
    "span_unsampled_read": True,
    "span_nested": [
        CHARGE | {"name": "query", "child": True},
        CHARGE | {"child": True},
        CHARGE | {"name": "request"},
    ],
    "opentracing_tag": [CHARGE | {"attributes": {"component": "shop"}}],
    "opencensus_span": [CHARGE],
    "opencensus_record": [_latency(number, 1 + 3 * (number < 10) + (number == 0)) for number in range(20)],
    "opencensus_record_one": [_latency(0, 32)],
    "w3c_inject": INJECTED,
    "w3c_inject_own": INJECTED | {"baggage": "region,tier,user"},
    "w3c_extract": EXTRACTED,
    "w3c_extract_request": EXTRACTED,
    "counter_add": [[attributes, count] for attributes, count in ORDERS],
    "histogram_record": RECORDED,
    "counter_bound": [[{"method": "POST", "route": "/cart/1"}, 31]],
    "collect_series": {"series": 10_000, "sum": 40_000},
    "collect_histograms": {"series": 10_000, "sum": 40_000},
}
# Rows that leave a payload: what decodes it, and how many spans or points it holds.
JUDGED = {
    "encode_mixed": ("neutral_payload", 512),
    "encode_metrics": ("neutral_metrics", 2_000),
    "encode_zipkin": ("neutral_zipkin", 512),
    "deliver_http": ("neutral_delivered", 1),
    "deliver_http_gzip": ("neutral_delivered", 1),
    "deliver_grpc": ("neutral_delivered", 1),
}
TIMED = [case for case in CASES if case.kind == "timed"]
PAIRS = [(case, side) for case in TIMED for side in (OURS, *case.peers) if case.name in EXPECTED]
# Servers whose spans need not wait for a batch to grow.
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
pytestmark = pytest.mark.slow


def python(side: str) -> Path:
    """Find the interpreter of a side's environment, making it if need be."""
    return python_of(SIDES[side], sys.executable)


def sample(case: Case, side: str) -> Any:
    """Load a row on a side, which runs and counts three rounds, and take what one iteration leaves."""
    with WorkerProcess(SIDES[side], python(side), case.environment) as worker:
        worker.ask("load", topic=case.topic, name=case.name, makes=case.makes, iterations=30)
        return worker.ask("sample")


@pytest.mark.parametrize(("case", "side"), PAIRS, ids=lambda value: getattr(value, "name", value))
def test_row_does_its_work(case: Case, side: str) -> None:
    """One iteration leaves the same on each side: the spans, attributes and headers that the row names."""
    assert sample(case, side) == EXPECTED[case.name]


def test_every_row_is_checked() -> None:
    """No timed row is without an expectation, so none can measure nothing."""
    assert {case.name for case in TIMED} == {*EXPECTED, *JUDGED}


@pytest.mark.parametrize("row", JUDGED)
def test_payloads_say_the_same(row: str) -> None:
    """The peer's own messages, parsed from both payloads, show the same spans, and the same points."""
    judge_by, count = JUDGED[row]
    case = next(case for case in CASES if case.name == row)
    small = {"topic": case.topic, "name": case.name, "makes": case.makes, "iterations": 1}
    payloads = {}
    for side in (OURS, "opentelemetry"):
        with WorkerProcess(SIDES[side], python(side), case.environment) as worker:
            worker.ask("load", **small)
            payloads[side] = worker.ask("sample")
    with WorkerProcess(SIDES["opentelemetry"], python("opentelemetry"), {}) as judge:
        seen = {
            side: judge.ask("call", topic=case.topic, name=judge_by, arguments=[payload])
            for side, payload in payloads.items()
        }
    assert len(seen[OURS]) == count
    assert seen[OURS] == seen["opentelemetry"]


@pytest.mark.parametrize("side", [OURS, "opentelemetry"])
def test_queued_spans_are_in_the_queue(side: str) -> None:
    """The weighed spans are queued, not exported, and come out afterwards; the worker checks both."""
    case = next(case for case in CASES if case.name == "queued_span")
    with WorkerProcess(SIDES[side], python(side), case.environment) as worker:
        held = worker.ask("held", topic=case.topic, name=case.name, iterations=500)
    assert held["bytes"] > 400


@pytest.mark.parametrize("side", [OURS, "opentelemetry"])
def test_attribute_sets_are_counted(side: str) -> None:
    """Past the limit of series too, the total is that of all; the worker checks it."""
    case = next(case for case in CASES if case.name == "attribute_sets")
    with WorkerProcess(SIDES[side], python(side), case.environment) as worker:
        held = worker.ask("held", topic=case.topic, name=case.name, iterations=5_000)
    assert held["bytes"] > 0


@pytest.mark.parametrize("side", [OURS, "opentelemetry"])
def test_peaks_are_found(side: str) -> None:
    """The peak is at least what was there before, and that is a whole interpreter."""
    case = next(case for case in CASES if case.name == "deliver_http_peak")
    with WorkerProcess(SIDES[side], python(side), case.environment) as worker:
        found = worker.ask("first_round", topic=case.topic, name="deliver_http", makes=1, iterations=1_000)
    assert found["peak_kb"] - found["grown_kb"] > 10_000
    assert found["grown_kb"] >= 0


@pytest.mark.parametrize(("row", "route"), [("flask_added", "<name>"), ("fastapi_added", "{name}")])
@pytest.mark.parametrize("side", [OURS, "opentelemetry_web"])
def test_servers_record_what_they_serve(row: str, route: str, side: str) -> None:
    """Each request leaves a server's span named by its route, and what it costs is found."""
    case = replace(next(case for case in CASES if case.name == row), iterations=40, environment=AT_ONCE)
    with contextlib.ExitStack() as stack:
        servers = Served(case, side, python(side), stack)
        _added, whole = servers.round(40)
        payload = servers.latest()
    with WorkerProcess(SIDES["opentelemetry"], python("opentelemetry"), {}) as judge:
        found = judge.ask("call", topic="delivering", name="neutral_delivered", arguments=[payload])
    served = [name for _scope, _version, name, kind, _attributes in found if kind == 2]
    assert set(served) == {f"GET /hello/{route}"}
    assert whole > 0


def test_a_server_that_records_too_little_is_refused() -> None:
    """A request without the spans that its row promises is an error, not a cheap request."""
    case = next(case for case in CASES if case.name == "flask_added")
    with contextlib.ExitStack() as stack, pytest.raises(SideError, match="1 spans came, not 2"):
        Served(replace(case, makes=2, environment=AT_ONCE), OURS, python(OURS), stack, arrives_within_s=1)


@pytest.mark.parametrize("side", [OURS, "opentelemetry"])
def test_imports_are_found(side: str) -> None:
    """The interpreter's own account of the import names the side's API."""
    assert import_told_ms(SIDES[side], python(side)) > 1


@pytest.mark.parametrize("side", ["midspan", "opentelemetry_web"])
def test_the_start_of_a_program_costs_more_when_it_is_instrumented(side: str) -> None:
    """On both sides the program ends well, and more was done than without."""
    assert started_ms(side, python(side), "flask") > 0


def test_a_program_that_does_not_end_well_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It did not start, so there is nothing to be measured."""
    monkeypatch.setitem(PROGRAMS, "pass", "1 / 0")
    with pytest.raises(SideError, match="ended with 1"):
        started_ms(OURS, python(OURS), "pass")


def test_a_round_that_loses_work_is_refused() -> None:
    """A row that leaves less than it promises is an error, not a fast row."""
    case = next(case for case in CASES if case.name == "span_current")
    with (
        WorkerProcess(SIDES["opentelemetry"], python("opentelemetry"), case.environment) as worker,
        pytest.raises(SideError, match="made 10, not 20"),
    ):
        worker.ask("load", topic=case.topic, name=case.name, makes=2, iterations=30)


def test_a_wrong_sum_is_refused() -> None:
    """A histogram or a collection whose numbers do not add up is an error, whatever its count."""
    with pytest.raises(AssertionError, match="add up to 11"):
        counted([[{"method": "POST", "route": "/cart/1"}, 4, 11.0]])
    collected = Collected()
    collected.values = {"u-1": 1}
    with pytest.raises(AssertionError, match="1 series hold 1"):
        collected.made()


def test_a_row_that_cannot_run_stays_in_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing side is a row marked FAILED and exit status 2, with or without --check."""
    monkeypatch.setattr(
        command, "_pythons", lambda cases, python: {OURS: "no build", "opentelemetry": "no wheel"}
    )
    assert command.main(["--only", "w3c_inject", "--rounds", "1"]) == 2
    out = capsys.readouterr()
    assert "FAILED" in out.out
    assert "no build" in out.err


def test_check_fails_when_a_target_is_missed() -> None:
    """With --check a ratio below its target is exit status 1; at the target it is 0."""
    case = Case("x", "x", "x", {"opentelemetry": 8})
    short = Outcome(case, "opentelemetry", Figures((1.0,)), Figures((7.9,)))
    full = Outcome(case, "opentelemetry", Figures((1.0,)), Figures((8.0,)))
    assert [command._status([outcome], check=True) for outcome in (short, full)] == [1, 0]


def test_the_caller_has_a_target_of_its_own() -> None:
    """A row whose whole process is cheap enough misses its target if the calling thread is not."""
    case = Case("x", "x", "x", {"opentelemetry": 7}, caller=8)
    short = Outcome(case, "opentelemetry", Figures((1.0,), (1.0,)), Figures((9.0,), (7.9,)))
    assert not short.met
    assert Outcome(case, "opentelemetry", Figures((1.0,), (1.0,)), Figures((7.0,), (8.0,))).met


def test_figures_are_kept_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--json keeps every round's figure, and the reason of a failure."""
    monkeypatch.setattr(
        command, "_pythons", lambda cases, python: {OURS: "no build", "opentelemetry": "no wheel"}
    )
    command.main(["--only", "w3c_inject", "--rounds", "1", "--json", str(tmp_path / "run.json")])
    (row,) = json.loads((tmp_path / "run.json").read_text())["rows"]
    assert row["failure"] == "no build\nno wheel"
