"""A forked child begins anew: its spans are its own, and its parent's are not."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.faults._exporters import Counting, Hanging
from midspan import sdk, testing, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRACER = trace.get_tracer("faults")
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    sdk.reset()


def in_child(work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return json.loads(told)


def names(exporter: Counting) -> list[str]:
    """Return the names of what was exported."""
    return [span.name for span in exporter.spans]


def test_what_the_parent_has_queued_the_child_does_not_export():
    """The parent's unsent spans are exported once, by the parent."""
    exporter = Counting()
    pipeline = sdk.configure(exporters=[exporter])
    TRACER.start_span("the parent's").end()

    def work() -> list[str]:
        TRACER.start_span("the child's").end()
        sdk.get_pipeline().force_flush(5)
        return names(exporter)

    assert in_child(work) == ["the child's"]
    assert pipeline.force_flush(5)
    assert names(exporter) == ["the parent's"]


def test_a_span_that_is_open_at_the_fork_is_the_parents():
    """Its block ends in both processes; one exports it, and the other has children of it."""
    exporter = Counting()
    pipeline = sdk.configure(exporters=[exporter])
    with TRACER.start_as_current_span("around the fork") as around:

        def work() -> list[Any]:
            with TRACER.start_as_current_span("below"):
                pass
            around.end()
            sdk.get_pipeline().force_flush(5)
            return [(span.name, span.parent.span_id) for span in exporter.spans]

        assert in_child(work) == [["below", around.context.span_id]]
    assert pipeline.force_flush(5)
    assert names(exporter) == ["around the fork"]


def test_parent_and_children_make_ids_of_their_own():
    """No two processes go on with the same random numbers."""
    sdk.configure(exporters=[])

    def work() -> list[int]:
        return [TRACER.start_span("work").context.span_id for _ in range(10)]

    ids = [*in_child(work), *in_child(work), *work()]
    assert len(set(ids)) == 30


def test_a_child_of_a_parent_whose_exporter_hangs_exports():
    """What a thread of the parent is stuck in, the child has left behind."""
    hanging = Hanging()
    sdk.configure(exporters=[hanging])
    TRACER.start_span("stuck").end()
    sdk.get_pipeline().force_flush(0)
    assert hanging.reached.wait(5)

    def work() -> Any:
        hanging.release.set()
        TRACER.start_span("the child's").end()
        return [sdk.get_pipeline().force_flush(5), names(hanging)]

    assert in_child(work) == [True, ["the child's"]]
    hanging.release.set()


def test_a_child_is_an_instance_of_its_own():
    """The resource of the child's spans has another process and another instance id."""
    memory = testing.MemoryExporter()
    sdk.configure(exporters=[memory], detectors=["process"])
    TRACER.start_span("work").end()
    ours = memory.spans[0].resource.attributes

    def work() -> Any:
        memory.clear()
        TRACER.start_span("work").end()
        theirs = memory.spans[0].resource.attributes
        return [theirs["process.pid"] == os.getpid(), theirs["service.instance.id"]]

    has_own_pid, instance = in_child(work)
    assert has_own_pid
    assert instance != ours["service.instance.id"]


def test_a_child_of_a_thread_that_is_not_the_main_one_works_as_well():
    """Servers fork from wherever they like."""
    exporter = Counting()
    sdk.configure(exporters=[exporter])
    found: list[Any] = []

    def work() -> list[str]:
        TRACER.start_span("the child's").end()
        sdk.get_pipeline().force_flush(5)
        return names(exporter)

    thread = threading.Thread(target=lambda: found.append(in_child(work)))
    thread.start()
    thread.join()
    assert found == [["the child's"]]


def test_a_child_of_a_child_works_as_well():
    """Each generation begins anew."""
    exporter = Counting()
    sdk.configure(exporters=[exporter])

    def work(name: str) -> list[str]:
        exporter.spans.clear()
        TRACER.start_span(name).end()
        sdk.get_pipeline().force_flush(5)
        return names(exporter)

    def generations() -> list[Any]:
        return [work("child"), in_child(lambda: work("grandchild"))]

    assert in_child(generations) == [["child"], ["grandchild"]]


def test_the_childs_account_is_its_own():
    """The child's statistics begin at nothing."""
    exporter = Counting()
    pipeline = sdk.configure(exporters=[exporter])
    TRACER.start_span("the parent's").end()
    pipeline.force_flush(5)

    def account():
        return sdk.get_pipeline().stats().exporters["counting"]._asdict()

    assert sdk.ExporterStats(0, 0, 0, {})._asdict() == in_child(account)
