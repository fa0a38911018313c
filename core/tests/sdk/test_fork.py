"""A forked child is a process of its own: its ids, queue, account and identity; nothing comes twice."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from midspan import sdk, testing, trace
from midspan.sdk import BatchSettings, Simple
from midspan.trace._seam import Wishes, binding

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


def in_child(function: Callable[[], Any]) -> Any:
    """Fork, run `function` in the child, and return what it returned there."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writing, json.dumps(function()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    assert 0 == os.waitpid(pid, 0)[1]
    return json.loads(answer)


class Exporter:
    """Keeps the names of spans."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def export_spans(self, spans: list[trace.Span]) -> None:
        self.names += [span.name for span in spans]


def configured(exporter: Any, **settings: Any) -> sdk.Pipeline:
    """Return a pipeline whose spans wait until they are flushed."""
    batch = BatchSettings(schedule_delay_s=3600)
    return sdk.configure(exporters=[exporter], batch=batch, environment={}, **{"detectors": [], **settings})


def emit(name: str) -> None:
    """End a span."""
    trace.get_tracer("t").start_span(name).end()


def test_the_childs_spans_arrive():
    """It starts a worker of its own, although the parent's did not come along."""
    exporter = Exporter()
    pipeline = configured(exporter)
    emit("parent")
    assert pipeline.force_flush(5)

    def child() -> list:
        emit("child")
        return [pipeline.force_flush(5), exporter.names[1:]]

    assert [True, ["child"]] == in_child(child)
    emit("parent")
    assert (True, ["parent", "parent"]) == (pipeline.force_flush(5), exporter.names)


def test_what_waited_at_the_fork_is_the_parents():
    """Unsent spans are sent once, by the parent; the child's account begins at zero."""
    exporter = Exporter()
    pipeline = configured(exporter)
    emit("waiting")

    def child() -> list:
        before = pipeline.stats().exporters["Exporter"]
        return [list(before[:4]), pipeline.force_flush(5), exporter.names]

    assert [[0, 0, 0, {}], True, []] == in_child(child)
    assert (True, ["waiting"]) == (pipeline.force_flush(5), exporter.names)


@pytest.mark.parametrize("how", ["batched", "direct"])
@pytest.mark.parametrize("when", ["as it was", "after a change", "withdrawn"])
def test_a_span_that_is_open_at_the_fork_ends_in_the_parent_only(how, when):
    """Both processes may end it; one reports it."""
    exporter, seen = Exporter(), []
    pipeline = configured(
        Simple(exporter) if how == "direct" else exporter, processors=[lambda s: seen.append(s.name)]
    )
    span = trace.get_tracer("t").start_span("open")
    if when == "after a change":
        binding.engine.adopt(Wishes("legacy"))
    if when == "withdrawn":
        span.withdraw()

    def child() -> list:
        span.end()
        emit("child")
        pipeline.force_flush(5)
        return [exporter.names, seen]

    assert [["child"], ["child"]] == in_child(child)
    span.end()
    pipeline.force_flush(5)
    assert ([] if when == "withdrawn" else ["open"], ["open"]) == (exporter.names, seen)


def test_children_of_a_span_that_was_open_at_the_fork_belong_to_it(memory):
    """The child process goes on in the parent's trace."""
    configured(memory)
    with trace.get_tracer("t").start_as_current_span("open") as span:

        def child() -> int:
            with trace.get_tracer("t").start_as_current_span("child") as inner:
                return inner.parent.span_id

        assert span.context.span_id == in_child(child)


def test_ids_differ_in_every_child():
    """The random numbers of a child are not its siblings', nor the parent's."""
    configured(testing.MemoryExporter())

    def ids() -> list:
        spans = [trace.get_tracer("t").start_span("s") for _ in range(5)]
        return [list(span.context[:2]) for span in spans]

    made = [in_child(ids) for _ in range(4)] + [ids()]
    assert 50 == len({number for each in made for pair in each for number in pair})


def test_a_child_is_another_instance():
    """Instance and process ids are its own; everything else stays."""
    pipeline = configured(testing.MemoryExporter(), service_name="shop", detectors=["process"])

    def child() -> dict:
        span = trace.get_tracer("t").start_span("s")
        return {
            **span.resource.attributes,
            "pid": os.getpid(),
            "pipeline": pipeline.resource == span.resource,
        }

    found, own = in_child(child), pipeline.resource.attributes
    assert found["service.instance.id"] != own["service.instance.id"]
    assert (found["pid"], os.getpid(), True) == (
        found["process.pid"],
        found["process.parent_pid"],
        found["pipeline"],
    )
    assert "shop" == found["service.name"]


def test_an_instance_id_that_was_given_stays():
    """Who names the instance knows why."""
    configured(testing.MemoryExporter(), resource={"service.instance.id": "mine"})
    assert "mine" == in_child(
        lambda: trace.get_tracer("t").start_span("s").resource.attributes["service.instance.id"]
    )


def test_filtered_spans_are_the_parents():
    """The child's account begins at zero there too."""
    pipeline = configured(testing.MemoryExporter(), processors=[lambda _: False])
    emit("s")
    assert (0, 1) == (in_child(lambda: pipeline.stats().filtered), pipeline.stats().filtered)


def test_a_pipeline_that_was_shut_down_stays_so():
    """The child does not open it again."""
    exporter = Exporter()
    pipeline = configured(exporter)
    pipeline.shutdown(5)

    def child() -> list:
        emit("s")
        return [pipeline.force_flush(5), exporter.names, pipeline.shutdown(5)]

    assert [True, [], True] == in_child(child)


def test_a_fork_in_the_middle_of_an_export_holds_nobody_up():
    """Whatever the worker's exporter holds at the fork, the child exports its own."""
    gate = threading.Event()

    class Slow(Exporter):
        """Waits while it exports what is the parent's."""

        def export_spans(self, spans: list[trace.Span]) -> None:
            if spans[0].name == "parent":
                entered.set()
                gate.wait()
            super().export_spans(spans)

    entered, exporter = threading.Event(), Slow()
    pipeline = sdk.configure(
        exporters=[exporter], batch=BatchSettings(max_export_batch_size=1), environment={}, detectors=[]
    )
    emit("parent")
    assert entered.wait(10)

    def child() -> list:
        emit("child")
        return [pipeline.force_flush(5), exporter.names]

    assert [True, ["child"]] == in_child(child)
    gate.set()
    assert (True, ["parent"]) == (pipeline.force_flush(5), exporter.names)


def test_forks_among_busy_threads():
    """While threads make spans, every child flushes its own in time, and the parent's account stays exact."""
    exporter, stop = Exporter(), threading.Event()
    pipeline = configured(exporter)

    def busy() -> None:
        while not stop.is_set():
            emit("busy")
            time.sleep(0.0005)

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()

    def child() -> list:
        emit("child")
        flushed = pipeline.force_flush(5)
        return [flushed, exporter.names[-1]]

    try:
        assert [[True, "child"]] * 10 == [in_child(child) for _ in range(10)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    pipeline.shutdown(5)
    stats = pipeline.stats().exporters["Exporter"]
    assert (len(exporter.names), 0) == (stats.exported, stats.queued)
    assert stats.accepted == stats.exported + sum(stats.dropped.values())
