"""Several processes, and a scrape that tells of all of them, whichever answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import time
from typing import TYPE_CHECKING, Any

import pytest

from exporters.tests.prometheus._workers import Shop, Worker, folder_of
from midspan import sdk
from midspan.exporters.prometheus import PrometheusExporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker of the shop's, which ends with the test at the latest."""
    with contextlib.ExitStack() as stack:

        def begun(**options: Any) -> Worker:
            worker = stack.enter_context(Worker())
            worker.begin(str(tmp_path), **options)
            return worker

        yield begun


def test_whoever_is_asked_tells_of_all(work):
    """Counters are added up, and so are histograms, as things are when Prometheus asks."""
    workers = [work() for _ in range(3)]
    for number, worker in enumerate(workers, 1):
        worker.add(number, route="/")
        worker.record(number)
    expected = {"orders_total route=/": 6.0, "latency_sum": 6.0, "latency_count": 3.0}
    for worker in workers:
        told = worker.samples()
        assert expected == {name: told[name] for name in expected}
    workers[1].add(10, route="/")
    assert 16.0 == workers[0].samples()["orders_total route=/"]


def test_what_was_told_of_a_killed_worker_stays(work):
    """Its counts are on disk before they are told, so that a total does not go back; its levels are gone."""
    first, second = work(), work()
    first.add(1)
    first.set(0.25)
    second.add(10)
    second.set(0.75)
    assert {"orders_total": 11.0, "load process=0": 0.25, "load process=1": 0.75} == first.samples()
    second.end(signal.SIGKILL)
    for _ in range(2):
        assert {"orders_total": 11.0, "load process=0": 0.25} == first.samples()


def test_a_killed_worker_loses_an_interval_at_most(work, tmp_path):
    """It writes by itself, asked or not."""
    first, second = work(), work(snapshot_interval_s=0.02)
    second.add(10)
    eventually(
        lambda: '"counter",' in "".join(file.read_text() for file in folder_of(tmp_path).glob("1.json"))
    )
    second.end(signal.SIGKILL)
    assert {"orders_total": 10.0} == first.samples()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what other processes do."""
    deadline_s = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_a_worker_that_ends_leaves_its_counts(work):
    """All of them, though nobody asks in between."""
    first, second = work(), work()
    second.add(10)
    second.end()
    first.add(1)
    assert {"orders_total": 11.0} == first.samples()


def test_a_directory_does_not_grow_with_restarts(work, tmp_path):
    """The dead are in one file, whose size is that of their series; places are taken again."""
    first = work()
    sizes = set()
    for number in range(1, 7):
        worker = work()
        worker.add(10)
        assert {"orders_total": 10.0 * number} == first.samples()
        worker.end(signal.SIGKILL)
        assert {"orders_total": 10.0 * number} == first.samples()
        names = {path.name for path in folder_of(tmp_path).iterdir()}
        sizes.add(len((folder_of(tmp_path) / "ended.json").read_text()) // 100)
    assert {"0.bell", "0.json", "1.bell", "ended.json", "lock"} == names
    assert 1 == len(sizes)


def test_what_was_kept_is_not_counted_twice(work, tmp_path):
    """Who keeps what the dead have left may be killed before their files are removed."""
    first, second = work(), work()
    second.add(10)
    first.samples()
    left = (folder_of(tmp_path) / "1.json").read_bytes()
    second.end(signal.SIGKILL)
    first.samples()
    (folder_of(tmp_path) / "1.json").write_bytes(left)
    for _ in range(2):
        assert {"orders_total": 10.0} == first.samples()
    assert not (folder_of(tmp_path) / "1.json").exists()


def test_what_cannot_be_kept_is_not_overwritten(work, tmp_path):
    """On a disk that is full, say: nobody takes the place of the dead until their counts are elsewhere."""
    first, second = work(), work()
    second.add(10)
    first.samples()
    second.end(signal.SIGKILL)
    in_the_way = folder_of(tmp_path) / "ended.part"
    in_the_way.mkdir()
    third = work()
    third.add(100)
    assert {"orders_total": 110.0} == first.samples()
    assert first.troubles()["prometheus.snapshot"]
    in_the_way.rmdir()
    for _ in range(2):
        assert {"orders_total": 110.0} == first.samples()
    assert ["0.json", "2.json", "ended.json"] == sorted(
        path.name for path in folder_of(tmp_path).glob("*.json")
    )


def test_the_last_worker_may_be_replaced(work):
    """Its successor has the same server behind it, so totals go on."""
    first = work()
    first.add(10)
    first.end()
    second = work()
    second.add(1)
    assert {"orders_total": 11.0} == second.samples()


def test_the_next_run_begins_at_nothing(tmp_path):
    """What the last one has left is removed by the first process of another."""
    with Worker() as first:
        first.begin(str(tmp_path))
        first.add(10, route="/gone")
        first.end(signal.SIGKILL)
    with Worker() as second:
        second.new_run()
        second.begin(str(tmp_path))
        second.add(1)
        assert {"orders_total": 1.0} == second.samples()


def test_a_forked_worker_tells_its_own_counts_alone(tmp_path):
    """What its parent has counted, the parent tells: nothing is told twice."""
    options = {"multiprocess": tmp_path, "serve": False, "scope_labels": False, "environment": {}}
    exporter = PrometheusExporter(**options)
    sdk.configure(service_name="shop", exporters=[exporter], self_metrics=False, environment={})
    Shop().add(100)
    with Worker(exporter) as first, Worker(exporter) as second:
        first.add(1)
        second.add(10)
        # A thread of each child's takes its place, a moment after the fork.
        eventually(lambda: {"orders_total": 111.0} == first.samples())
        assert {"orders_total": 111.0} == second.samples()
        first.end(signal.SIGKILL)
        assert {"orders_total": 111.0} == second.samples()


@pytest.mark.parametrize(
    ("gauges", "expected"),
    [
        (None, {"load process=0": 1.0, "load process=1": 3.0, "carts": 11.0}),
        (
            "all",
            {"load process=0": 1.0, "load process=1": 3.0, "carts process=0": 1.0, "carts process=1": 10.0},
        ),
        ("max", {"load": 3.0, "carts": 10.0}),
        ("min", {"load": 1.0, "carts": 1.0}),
        ("mostrecent", {"load": 1.0, "carts": 10.0}),
        ({"lo*": "livesum", "*": "sum"}, {"load": 4.0, "carts": 111.0}),
    ],
    ids=["by default", "all", "max", "min", "mostrecent", "by pattern"],
)
def test_levels_become_one_as_is_wished(work, gauges, expected):
    """Where nothing is said each process tells its own, and what goes up and down is added up."""
    first, second, third = work(gauges=gauges), work(gauges=gauges), work(gauges=gauges)
    third.move(100)
    third.set(2)
    third.samples()
    third.end(signal.SIGKILL)
    second.set(3)
    first.move(1)
    first.samples()
    first.set(1)
    first.samples()
    second.move(10)
    assert expected == first.samples()


def test_a_level_of_an_ended_process_may_be_the_most_recent(work):
    """A job that has ended was the last to say how long it took."""
    first, second = work(gauges="mostrecent"), work(gauges="mostrecent")
    first.set(1)
    first.samples()
    second.set(2)
    second.end()
    assert {"load": 2.0} == first.samples()


def test_an_attribute_is_not_taken_for_the_process(work):
    """It is renamed, as Prometheus renames what a target says of its place."""
    worker = work(gauges="all")
    worker.add(1, process="x")
    worker.move(1)
    assert {"orders_total process=x": 1.0, "carts process=0": 1.0} == worker.samples()


def test_exemplars_outlive_their_process(work):
    """The newest one is shown, whoever measured it."""
    first, second = work(), work()
    first.order()
    trace_id = second.order()
    assert trace_id in first.scrape()
    second.end(signal.SIGKILL)
    for _ in range(2):
        assert trace_id in first.scrape()


def test_the_target_is_the_application(work):
    """What a process has for itself, its number for instance, would come and go with who answers."""
    first = work()
    first.add(1)
    alone = target(first)
    work().add(1)
    assert alone == target(first)
    assert 'service_name="shop"' in alone
    assert "process_pid" not in alone


def target(worker: Worker) -> str:
    """Return the line that tells the resource."""
    (line,) = [line for line in worker.scrape().splitlines() if line.startswith("target_info")]
    return line


def test_who_does_not_answer_is_told_of_as_he_was(work):
    """A scrape does not wait for long for a process that hangs, and says that one does."""
    first, second = work(), work()
    second.add(10)
    first.samples()
    second.add(10)
    os.kill(second.pid, signal.SIGSTOP)
    before_s = time.monotonic()
    assert {"orders_total": 10.0} == first.samples()
    assert time.monotonic() - before_s < 5
    assert 1 == first.troubles()["prometheus.silent"]
    os.kill(second.pid, signal.SIGCONT)
    assert {"orders_total": 20.0} == first.samples()


def test_two_services_may_share_a_directory(work, tmp_path):
    """Each tells of itself."""
    shop, stock = work(), work(service="stock")
    shop.add(1)
    stock.add(10)
    assert ({"orders_total": 1.0}, {"orders_total": 10.0}) == (shop.samples(), stock.samples())
    names = sorted(path.name.rpartition("-")[0] for path in tmp_path.iterdir())
    assert ["midspan-shop", "midspan-stock"] == names


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff" * 100,
        b'[1,"a","b",{},[],[["orders","counter","","",[[[],"counter",1,2,',
        b'[2,"a","b",{},[],[]]',
        b'[1,"a","b",{"x y":"z"},[],[]]',
        b'[1,"a","b",{},[],[["no name","counter","","",[]]]]',
        b"[" * 100_000,
    ],
    ids=["empty", "noise", "cut short", "of another form", "an odd label", "an odd name", "deep"],
)
def test_a_file_that_is_none_costs_itself(work, tmp_path, content):
    """It is counted, and put away if nobody is behind it."""
    worker = work()
    worker.add(1)
    worker.samples()
    file = folder_of(tmp_path) / "7.json"
    file.write_bytes(content)
    assert {"orders_total": 1.0} == worker.samples()
    assert (1, False) == (worker.troubles()["prometheus.snapshot"], file.exists())


@pytest.mark.parametrize(
    "series",
    [
        '[[],"counter",1,2,"3",[]]',
        '[[],"counter",1,2,1e999,[],[]]',
        f'[[],"counter",1,2,{10**400},[]]',
        '[["a b","x"],"counter",1,2,3,[]]',
        '[["a"],"counter",1,2,3,[]]',
        '[["a",1],"counter",1,2,3,[]]',
        '[[],"histogram",1,2,3,4,[1],[],[]]',
        '[[],"gauge",1,2,3,[]]',
        "7",
    ],
)
def test_a_series_that_cannot_be_costs_itself(work, tmp_path, series):
    """The others of the same file are told."""
    worker = work()
    worker.samples()
    families = f'[["orders","counter","","",[{series},[["k","v"],"counter",1,2,5,[]]]]]'
    (folder_of(tmp_path) / "7.json").write_text(f'[1,"a","b",{{}},[],{families}]')
    assert {"orders_total k=v": 5.0} == worker.samples()
    assert 1 == worker.troubles()["prometheus.no_point"]


@pytest.mark.parametrize(("scale", "offset"), [(0, 10**9), (0, -(10**9)), (20, 10**10), (60, 0), (1.5, 0)])
def test_a_bucket_that_holds_no_number_costs_its_series(work, tmp_path, scale, offset):
    """Those between it and the others would fill the memory."""
    worker = work()
    worker.samples()
    series = [
        f'[["k","{k}"],"exponential_histogram",1,2,1,4,{s},0,[{o},[1]],[0,[]],0,[]]'
        for k, s, o in (("odd", scale, offset), ("v", 0, 1))
    ]
    families = f'[["latency","histogram","","",[{",".join(series)}]]]'
    (folder_of(tmp_path) / "7.json").write_text(f'[1,"a","b",{{}},[],{families}]')
    assert 1.0 == worker.samples()["latency_count k=v"]
    assert 1 == worker.troubles()["prometheus.no_point"]


def test_what_is_no_ordinary_file_is_not_read(work, tmp_path):
    """A link may lead anywhere, and who opens a pipe may wait for ever."""
    worker = work()
    worker.add(1)
    worker.samples()
    folder = folder_of(tmp_path)
    (tmp_path / "secret").write_text(
        '[1,"a","b",{},[],[["orders","counter","","",[[[],"counter",1,2,5,[]]]]]]'
    )
    (folder / "7.json").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "8.json")
    assert {"orders_total": 1.0} == worker.samples()
    assert 2 == worker.troubles()["prometheus.snapshot"]


def test_a_directory_that_was_emptied_is_filled_again(work, tmp_path):
    """All who live come back with all that they have counted."""
    first, second = work(), work(snapshot_interval_s=0.02)
    first.add(1)
    second.add(10)
    assert {"orders_total": 11.0} == first.samples()
    shutil.rmtree(folder_of(tmp_path))
    eventually(lambda: {"orders_total": 11.0} == first.samples())


def test_nobody_else_can_read_or_write(work, tmp_path):
    """Whatever the process's mask is."""
    worker = work()
    worker.add(1)
    worker.samples()
    folder = folder_of(tmp_path)
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, folder / "lock", folder / "0.json"]
    }
    assert {folder.name: 0o700, "lock": 0o600, "0.json": 0o600} == modes


def test_a_long_path_is_no_trouble(tmp_path):
    """The address of a socket has a hundred characters, a path may have more."""
    directory = tmp_path / ("x" * 120)
    with Worker() as first, Worker() as second:
        first.begin(str(directory))
        second.begin(str(directory))
        second.add(1)
        first.samples()
        second.add(1)
        assert {"orders_total": 2.0} == first.samples()


def test_a_process_that_lets_go_is_no_more_of_them(work, tmp_path):
    """What it had is kept; who configures anew in the same process begins another life."""
    worker = work()
    worker.add(10)
    worker.set(1)
    worker.begin(str(tmp_path))
    worker.add(1)
    assert {"orders_total": 11.0} == worker.samples()
