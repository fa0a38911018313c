"""Processors: functions that see every finished span before its exporters do."""

from __future__ import annotations

import threading

import pytest

from midspan import _trouble, sdk, testing, trace


def pipeline_with(
    *processors: object, exporter: object = None
) -> tuple[trace.Tracer, testing.MemoryExporter]:
    """Return a tracer under these processors, and what is exported."""
    memory = exporter or testing.MemoryExporter()
    sdk.configure(exporters=[memory], processors=processors, environment={}, detectors=[])
    return trace.get_tracer("t"), memory


class Watching:
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.told: list[tuple] = []

    def on_start(self, span: trace.Span, context: object) -> None:
        self.told.append(("start", span.name, span.is_recording(), context.span))

    def on_end(self, span: trace.Span) -> None:
        self.told.append(("end", span.name, span.end_ns is not None))

    def force_flush(self, timeout_s: float) -> None:
        self.told.append(("flush", 0 < timeout_s <= 5))

    def shutdown(self, timeout_s: float) -> None:
        self.told.append(("shutdown", 0 < timeout_s <= 5))


def test_a_function_filters():
    """A processor that returns False drops the span, and the pipeline counts it."""
    tracer, memory = pipeline_with(lambda span: span.name != "noise")
    for name in ("noise", "signal", "noise"):
        tracer.start_span(name).end()
    assert (["signal"], 2) == ([span.name for span in memory.spans], sdk.get_pipeline().stats().filtered)


@pytest.mark.parametrize("answer", [None, True, 0, ""])
def test_only_false_drops(answer):
    """Whatever else a processor returns, the span goes on."""
    tracer, memory = pipeline_with(lambda _: answer)
    tracer.start_span("s").end()
    assert 1 == len(memory.spans)


def test_a_function_redacts_and_enriches():
    """Until the last processor has seen it, a finished span can be changed: every verb works."""

    def redact(span: trace.Span) -> None:
        span.attributes.pop("password")
        span.set_attribute("team", "shop")
        span.update_name(span.name.upper())
        span.add_event("seen")

    tracer, memory = pipeline_with(redact)
    tracer.start_span("s", attributes={"password": "x", "user": "u"}).end()
    span = memory.spans[0]
    assert ("S", {"user": "u", "team": "shop"}, ["seen"]) == (
        span.name,
        span.attributes,
        [e.name for e in span.events],
    )
    assert not span.is_recording()


def test_processors_are_asked_in_order():
    """Each sees what the one before it did; after one that drops the span none is asked."""
    seen = []

    def first(span: trace.Span) -> None:
        span.set_attribute("by", "first")

    def second(span: trace.Span) -> bool:
        seen.append(span.attributes["by"])
        return False

    tracer, _ = pipeline_with(first, second, lambda _: seen.append("third"))
    tracer.start_span("s").end()
    assert ["first"] == seen


def test_an_object_is_told_of_start_and_end():
    """`on_start` gets the span while it records, and its context; `on_end` the finished one."""
    watching = Watching()
    tracer, _ = pipeline_with(watching)
    with tracer.start_as_current_span("outer") as outer:
        tracer.start_span("inner").end()
    assert [
        ("start", "outer", True, None),
        ("start", "inner", True, outer),
        ("end", "inner", True),
        ("end", "outer", True),
    ] == watching.told


def test_an_object_is_flushed_and_shut_down():
    """With the pipeline's deadline in seconds."""
    watching = Watching()
    pipeline_with(watching)
    pipeline = sdk.get_pipeline()
    assert (True, True) == (pipeline.force_flush(5), pipeline.shutdown(5))
    assert [("flush", True), ("shutdown", True)] == watching.told


def test_on_start_alone_is_enough():
    """A processor that only wants to know of starts does not make ended spans wait for it."""

    class Starting:
        """Marks spans when they start."""

        def on_start(self, span: trace.Span, context: object) -> None:
            span.set_attribute("started", True)

    tracer, memory = pipeline_with(Starting())
    tracer.start_span("s").end()
    assert {"started": True} == memory.spans[0].attributes


def raising(span: trace.Span) -> None:
    """Fail."""
    raise LookupError(span.name)


def test_a_processor_that_raises_harms_nobody():
    """The span goes on to the next processor and to the exporters, and the trouble is counted."""
    seen = []
    tracer, memory = pipeline_with(raising, lambda span: seen.append(span.name))
    with tracer.start_as_current_span("s"):
        pass
    assert (["s"], 1, 1) == (seen, len(memory.spans), _trouble.counts()["processor.raised"])


def test_an_on_start_that_raises_harms_nobody():
    """The span starts all the same."""

    class Failing(Watching):
        """Fails at each start."""

        def on_start(self, span: trace.Span, context: object) -> None:
            raise LookupError

    tracer, memory = pipeline_with(Failing())
    with tracer.start_as_current_span("s"):
        pass
    assert (1, 1) == (len(memory.spans), _trouble.counts()["processor.raised"])


@pytest.mark.parametrize("verb", ["force_flush", "shutdown"])
@pytest.mark.parametrize("how", ["raises", "says so", "exits"])
def test_a_processor_that_cannot_flush_makes_the_answer_false(verb, how):
    """`force_flush` and `shutdown` say so, and raise nothing."""

    def fail(timeout_s: float) -> bool:
        if how == "says so":
            return False
        raise SystemExit if how == "exits" else LookupError

    watching = Watching()
    setattr(watching, verb, fail)
    pipeline_with(watching)
    assert getattr(sdk.get_pipeline(), verb)(5) is False


def test_a_processor_that_hangs_breaks_no_deadline():
    """It is left behind in a thread of its own."""
    watching, gate = Watching(), threading.Event()
    watching.force_flush = lambda timeout_s: gate.wait()
    pipeline_with(watching)
    assert sdk.get_pipeline().force_flush(0.05) is False
    gate.set()


def test_what_is_no_processor_is_refused():
    """The message says what would be one."""
    with pytest.raises(TypeError, match="neither callable nor has on_start or on_end"):
        sdk.configure(exporters=[], processors=["x"], environment={})


def test_filtered_spans_are_counted_exactly_under_threads():
    """No count is lost between threads."""
    tracer, memory = pipeline_with(lambda _: False)

    def emit() -> None:
        for _ in range(500):
            tracer.start_span("s").end()

    threads = [threading.Thread(target=emit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (4000, []) == (sdk.get_pipeline().stats().filtered, memory.spans)


def test_every_exporter_gets_every_span():
    """Exporters stand side by side."""
    one, other = testing.MemoryExporter(), testing.MemoryExporter()
    pipeline = sdk.configure(exporters=[one, other], environment={}, detectors=[])
    trace.get_tracer("t").start_span("s").end()
    assert (1, 1, ["memory", "memory-2"]) == (
        len(one.spans),
        len(other.spans),
        list(pipeline.stats().exporters),
    )
    assert one.spans[0] is other.spans[0]


def test_processors_are_told_even_where_no_thread_can_be_had(monkeypatch):
    """As at the end of the interpreter: the caller's own thread tells them."""

    def refuse(function: object, arguments: object) -> None:
        message = "can't create new thread at interpreter shutdown"
        raise RuntimeError(message)

    watching = Watching()
    pipeline_with(watching)
    monkeypatch.setattr("midspan.sdk._waiting._thread.start_new_thread", refuse)
    assert (True, [("shutdown", True)]) == (sdk.get_pipeline().shutdown(5), watching.told)
