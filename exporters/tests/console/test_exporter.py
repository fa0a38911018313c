from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading

import pytest

from exporters.tests.console._readings import readings
from exporters.tests.console._scene import checkout, record
from midspan import metrics, sdk, trace
from midspan.exporters.console import ConsoleExporter, render, render_metrics
from midspan.exporters.console import _exporter as module


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def file():
    """Return a file that remembers what was printed."""
    return io.StringIO()


def test_a_trace_is_printed_when_its_first_span_ends(file):
    """Not before, and with all spans that ended before."""
    exporter = ConsoleExporter(file, width=100)
    spans = [span for span in checkout() if span.parent is None or not span.parent.is_remote]
    for span in spans[:-1]:
        exporter.export_spans((span,))
        assert file.getvalue() == ""
    exporter.export_spans(spans[-1:])
    assert render(spans, 100) + "\n" == file.getvalue()


def test_a_trace_that_comes_whole_is_printed_whole(file):
    """Spans of several services in one batch are one tree."""
    ConsoleExporter(file, width=100).export_spans(checkout())
    assert render(checkout(), 100) + "\n" == file.getvalue()


def test_a_span_with_a_remote_parent_completes_its_trace_here(file):
    """The rest is another process's to print."""
    exporter = ConsoleExporter(file)
    exporter.export_spans([record("child", 3, 2, 0, 1), record("server", 2, 1, 0, 2, remote=True)])
    assert (True, True) == ("⋯ server" in file.getvalue(), "╰─ child" in file.getvalue())


def test_in_a_pipeline_a_trace_is_there_at_once(file):
    """No queue stands in between."""
    sdk.configure(exporters=[ConsoleExporter(file)], environment={})
    with trace.get_tracer("x").start_as_current_span("outer"):
        trace.get_tracer("x").start_span("inner").end()
        assert file.getvalue() == ""
    assert "╰─ inner" in file.getvalue()


def test_it_is_configured_by_name(capsys):
    """It prints to what is standard output at that time."""
    sdk.configure(exporters=["console"], environment={})
    trace.get_tracer("x").start_span("charge").end()
    assert "charge" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["force_flush", "shutdown"])
def test_what_is_incomplete_is_printed_by_a_flush(file, verb):
    """Spans that end after the one that began the trace, or whose beginning never ends."""
    exporter = ConsoleExporter(file)
    exporter.export_spans([record("late", 2, 1, 0, 1)])
    assert (True, True) == (getattr(exporter, verb)(1), "⋯ late" in file.getvalue())


def test_nothing_is_printed_twice(file):
    """A flush prints what was not printed."""
    exporter = ConsoleExporter(file)
    exporter.export_spans(checkout())
    exporter.force_flush(1)
    exporter.shutdown(1)
    assert 1 == file.getvalue().count("GET /checkout")


def test_no_more_than_ten_thousand_spans_wait(file, monkeypatch):
    """Then the oldest trace is printed as far as it came; none is lost."""
    monkeypatch.setattr(module, "_MAX_WAITING", 20)
    exporter = ConsoleExporter(file)
    for number in range(10):
        exporter.export_spans(
            [record(f"s{number}.{n}.", 2 + n, 1, n, n + 1, trace_id=1 + number) for n in range(6)]
        )
        assert exporter._count <= 20
    exporter.shutdown(1)
    assert [1] * 60 == [file.getvalue().count(f"s{number}.{n}.") for number in range(10) for n in range(6)]


def test_a_closed_stream_is_a_failure_counted_and_said(file, troubles):
    """Nothing is raised into the application, which ended the span."""
    exporter = ConsoleExporter(file)
    file.close()
    assert (False, 1) == (
        exporter.export_spans([record("x", 1, None, 0, 1)]),
        troubles()["console.not_written"],
    )


def test_a_stream_that_cannot_hold_boxes_gets_ascii():
    """As on a terminal in another locale."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, "latin-1", write_through=True)
    ConsoleExporter(file).export_spans(checkout())
    assert (True, True) == (raw.getvalue().startswith(b"-- trace"), b"`- POST /charge" in raw.getvalue())


def test_a_name_that_the_encoding_cannot_hold_costs_no_trace():
    """It is shown as far as it can be."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, "latin-1", write_through=True)
    assert ConsoleExporter(file).export_spans([record("注文", 1, None, 0, 1)]) is True
    assert rb"\u6ce8\u6587" in raw.getvalue()


@pytest.mark.parametrize(
    ("color", "terminal", "expected"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_colours_are_for_terminals(monkeypatch, color, terminal, expected):
    """Unless code says otherwise."""
    monkeypatch.setenv("TERM", "xterm")
    file = Terminal() if terminal else io.StringIO()
    ConsoleExporter(file, color).export_spans([record("x", 1, None, 0, 1)])
    assert expected is ("\x1b[" in file.getvalue())


def test_lines_are_as_long_as_the_terminal_is_wide(file, monkeypatch):
    """And as long as it is then, when a trace is printed."""
    exporter = ConsoleExporter(file)
    monkeypatch.setenv("COLUMNS", "64")
    exporter.export_spans([record("x", 1, None, 0, 1)])
    assert 64 == max(map(len, file.getvalue().splitlines()))


def test_attributes_are_shown_on_request(file):
    """For all spans."""
    ConsoleExporter(file, attributes=True).export_spans([record("x", 1, None, 0, 1, attributes={"n": 3})])
    assert "n = 3" in file.getvalue()


def test_threads_print_whole_traces(file):
    """Each trace once, none within another."""
    exporter = ConsoleExporter(file)

    def work(thread: int) -> None:
        for number in range(50):
            trace_id = 1 + thread * 1000 + number
            exporter.export_spans([record("child", 2, 1, 0, 1, trace_id=trace_id)])
            exporter.export_spans([record("root", 1, None, 0, 1, trace_id=trace_id)])

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    exporter.shutdown(5)
    blocks = file.getvalue().strip().split("\n\n")
    assert (400, {5}) == (len(blocks), {len(block.splitlines()) for block in blocks})


def test_a_signal_handler_may_end_spans_while_a_trace_is_printed():
    """It neither waits for ever nor loses anything."""

    class Interrupting(io.StringIO):
        def write(self, text):
            if "first" in text:
                signal.raise_signal(signal.SIGUSR1)
            return super().write(text)

    file = Interrupting()
    exporter = ConsoleExporter(file)
    before = signal.signal(
        signal.SIGUSR1, lambda *_: exporter.export_spans([record("second", 1, None, 0, 1, trace_id=2)])
    )
    try:
        exporter.export_spans([record("first", 1, None, 0, 1)])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert [1, 1] == [file.getvalue().count(name) for name in ("first", "second")]


def test_a_flush_waits_for_the_thread_that_is_printing():
    """As long as it may."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(io.StringIO):
        def write(self, text):
            begun.set()
            go_on.wait(10)
            return super().write(text)

    file = Slow()
    exporter = ConsoleExporter(file)
    thread = threading.Thread(target=exporter.export_spans, args=([record("slow", 1, None, 0, 1)],))
    thread.start()
    begun.wait(10)
    assert exporter.force_flush(0.05) is False
    go_on.set()
    assert exporter.force_flush(10) is True
    assert "slow" in file.getvalue()
    thread.join()


FORKING = """
import os
from midspan import metrics, sdk, trace
sdk.configure(exporters=["console"])
tracer = trace.get_tracer("forks")
outer = tracer.start_span("outer")
tracer.start_span("waiting", parent=outer.context).end()
if not os.fork():
    tracer.start_span("of the child").end()
    sdk.get_pipeline().shutdown(5)
    os._exit(0)
os.wait()
outer.end()
"""


def test_a_forked_child_prints_only_its_own():
    """What waited in the parent is the parent's to print."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", FORKING], env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert [1, 1, 1] == [done.stdout.count(name) for name in ("outer", "waiting", "of the child")]


def test_it_says_how_much_waits():
    """In a debugger."""
    exporter = ConsoleExporter(io.StringIO())
    exporter.export_spans([record("child", 2, 1, 0, 1)])
    assert "ConsoleExporter(1 spans waiting)" == repr(exporter)


def test_metrics_are_printed_when_they_are_collected(file):
    """One table for each collection."""
    exporter = ConsoleExporter(file, width=110)
    assert [True, True] == [exporter.export_metrics(readings()), exporter.export_metrics([])]
    assert render_metrics(readings(), 110) + "\n" == file.getvalue()


def test_a_table_stands_below_the_traces_that_it_points_into(file):
    """A flush prints what is there of a trace, then the metrics."""
    pipeline = sdk.configure(exporters=[ConsoleExporter(file)], environment={})
    with trace.get_tracer("x").start_as_current_span("charge") as span:
        metrics.get_meter("x").create_counter("orders").add(3, {"route": "/"})
    assert pipeline.force_flush(5) is True
    shown = file.getvalue()
    trace_id = f"{span.context.trace_id:032x}"
    assert (True, 2, True) == (
        shown.index("charge") < shown.index("orders"),
        shown.count(trace_id),
        f"↗ 3 in trace {trace_id}" in shown,
    )


def test_metrics_are_configured_by_name(capsys):
    """OTEL_METRICS_EXPORTER=console, and nothing for traces."""
    variables = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "console"}
    pipeline = sdk.configure(environment=variables)
    metrics.get_meter("x").create_counter("orders").add(3)
    trace.get_tracer("x").start_span("charge").end()
    assert pipeline.shutdown(5) is True
    shown = capsys.readouterr().out
    assert (True, False) == ("orders" in shown, "charge" in shown)


def test_metrics_are_printed_every_ten_seconds_unless_somebody_says_otherwise(file):
    """As OpenTelemetry's specification has it for standard output."""
    for variables, interval_s in (({}, 10), ({"OTEL_METRIC_EXPORT_INTERVAL": "500"}, 0.5)):
        pipeline = sdk.configure(exporters=[ConsoleExporter(file)], environment=variables)
        assert interval_s == pipeline._readers["console"]._settings.interval_s


def test_metrics_that_cannot_be_printed_are_a_failure_and_counted(file, troubles):
    """The stream was closed: False, and said."""
    file.close()
    exporter = ConsoleExporter(file)
    assert (False, 1) == (exporter.export_metrics(readings()), troubles()["console.not_written"])
