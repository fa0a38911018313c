from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading

import pytest

from midspan import metrics, sdk, trace
from midspan.exporters.jsonl import JSONLinesExporter, read, read_metrics


def names_in(path):
    """Return the names of the spans in a file."""
    with path.open(encoding="utf-8") as lines:
        return [span.name for span in read(lines)]


def test_each_batch_is_one_line(tmp_path, make_span):
    """A batch of two spans and one of one are two lines."""
    path = tmp_path / "spans.jsonl"
    exporter = JSONLinesExporter(path)
    assert [True, True] == [
        exporter.export_spans([make_span("a"), make_span("b")]),
        exporter.export_spans([make_span("c")]),
    ]
    assert (2, ["a", "b", "c"]) == (len(path.read_text().splitlines()), names_in(path))


def test_what_stood_in_the_file_stays(tmp_path, make_span):
    """Lines are appended."""
    path = tmp_path / "spans.jsonl"
    for name in ("a", "b"):
        JSONLinesExporter(os.fspath(path)).export_spans([make_span(name)])
    assert ["a", "b"] == names_in(path)


def test_the_variable_names_the_file(tmp_path, monkeypatch):
    """Configured by name, the exporter writes where MIDSPAN_JSONL_PATH says."""
    path = tmp_path / "spans.jsonl"
    monkeypatch.setenv("MIDSPAN_JSONL_PATH", str(path))
    pipeline = sdk.configure(exporters=["jsonl"])
    trace.get_tracer("x").start_span("a").end()
    assert (True, ["a"]) == (pipeline.shutdown(5), names_in(path))


@pytest.mark.parametrize("target", [None, "-"])
def test_without_a_file_it_is_standard_output(capsys, make_span, target):
    """So that it can be piped into something."""
    JSONLinesExporter(target).export_spans([make_span("a")])
    assert ["a"] == [span.name for span in read(capsys.readouterr().out.splitlines())]


def test_an_open_file_is_written_to_and_left_open(make_span):
    """It is the caller's."""
    file = io.StringIO()
    exporter = JSONLinesExporter(file)
    exporter.export_spans([make_span("a")])
    exporter.shutdown(1)
    assert (["a"], False) == ([span.name for span in read(file.getvalue().splitlines())], file.closed)


def test_a_file_that_cannot_be_opened_is_refused_at_once(tmp_path):
    """Whoever configures learns of it, not the log of some later day."""
    with pytest.raises(FileNotFoundError):
        JSONLinesExporter(tmp_path / "no" / "such" / "folder.jsonl")


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path, make_span):
    """As logrotate does it."""
    path = tmp_path / "spans.jsonl"
    exporter = JSONLinesExporter(path)
    exporter.export_spans([make_span("a")])
    path.rename(tmp_path / "spans.1")
    exporter.export_spans([make_span("b")])
    assert (["a"], ["b"]) == (names_in(tmp_path / "spans.1"), names_in(path))


def test_what_cannot_be_written_is_a_failure_and_counted(tmp_path, make_span, troubles):
    """The folder is gone: False, and said."""
    path = tmp_path / "sub" / "spans.jsonl"
    path.parent.mkdir()
    exporter = JSONLinesExporter(path)
    path.unlink()
    path.parent.rmdir()
    assert (False, 1) == (exporter.export_spans([make_span()]), troubles()["jsonl.not_written"])


def test_a_closed_file_is_a_failure_and_counted(make_span, troubles):
    """Nothing is raised into the pipeline."""
    file = io.StringIO()
    exporter = JSONLinesExporter(file)
    file.close()
    assert (False, 1) == (exporter.export_spans([make_span()]), troubles()["jsonl.not_written"])


def test_a_line_that_was_cut_short_does_not_spoil_the_next(tmp_path, monkeypatch, make_span, troubles):
    """The disk is full in the middle of a line: the next batch begins a line of its own."""
    path = tmp_path / "spans.jsonl"
    exporter = JSONLinesExporter(path)
    write, calls = os.write, []

    def full(descriptor: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) == 1:
            return write(descriptor, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert exporter.export_spans([make_span("lost")]) is False
    monkeypatch.setattr(os, "write", write)
    assert exporter.export_spans([make_span("kept")]) is True
    assert (["kept"], 1) == (names_in(path), troubles()["jsonl.unreadable"])


def test_threads_do_not_mix_their_lines(tmp_path, make_span):
    """Four threads, each with an exporter, one file: every span can be read."""
    path = tmp_path / "spans.jsonl"
    spans = [make_span(attributes={"filler": "x" * 3000}) for _ in range(20)]
    exporters = [JSONLinesExporter(path) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda e=e: [e.export_spans([span]) for span in spans]) for e in exporters
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 80 == len(names_in(path))


FORKING = """
import os, sys
from midspan import metrics, sdk, trace
pipeline = sdk.configure(exporters=["jsonl"])
tracer = trace.get_tracer("forks")
tracer.start_span("before").end()
pipeline.force_flush(5)
children = []
for number in range(4):
    child = os.fork()
    if not child:
        for _ in range(50):
            tracer.start_span(f"child {number}", attributes={"filler": "x" * 2000}).end()
        os._exit(0 if pipeline.shutdown(20) else 1)
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
tracer.start_span("after").end()
pipeline.shutdown(5)
sys.exit(max(codes))
"""


def test_forked_children_write_to_the_same_file(tmp_path):
    """Parent and children append at once; no line is lost, torn or written twice."""
    path = tmp_path / "spans.jsonl"
    environment = {**os.environ, "MIDSPAN_JSONL_PATH": str(path)}
    subprocess.run([sys.executable, "-c", FORKING], env=environment, check=True, timeout=60)
    names = names_in(path)
    expected = {"before": 1, "after": 1, **{f"child {number}": 50 for number in range(4)}}
    assert expected == {name: names.count(name) for name in set(names)}


def test_it_says_where_it_writes(tmp_path):
    """In a log, one exporter can be told from another."""
    path = tmp_path / "spans.jsonl"
    assert [f"JSONLinesExporter({str(path)!r})", "JSONLinesExporter('standard output')"] == [
        repr(JSONLinesExporter(path)),
        repr(JSONLinesExporter()),
    ]


def some_metrics(memory):
    """Return metrics as they were collected."""
    metrics.get_meter("shop").create_counter("visits").add(2, {"route": "/"})
    sdk.get_pipeline().force_flush(5)
    return memory.metrics


def values_in(path):
    """Return the names and first values of the metrics in a file."""
    with path.open(encoding="utf-8") as lines:
        return [(metric.name, metric.points[0].value) for metric in read_metrics(lines)]


def test_metrics_stand_beside_spans(tmp_path, memory, make_span):
    """One file has both, each batch on a line of its own."""
    path = tmp_path / "telemetry.jsonl"
    exporter = JSONLinesExporter(path)
    answers = [exporter.export_spans([make_span("a")]), exporter.export_metrics(some_metrics(memory))]
    assert ([True, True], 2, ["a"], [("visits", 2)]) == (
        answers,
        len(path.read_text().splitlines()),
        names_in(path),
        values_in(path),
    )


def test_metrics_can_have_a_file_of_their_own(tmp_path, memory, make_span):
    """As collectors have one for each signal."""
    path, apart = tmp_path / "spans.jsonl", tmp_path / "metrics.jsonl"
    exporter = JSONLinesExporter(path, metrics=apart)
    exporter.export_spans([make_span("a")])
    exporter.export_metrics(some_metrics(memory))
    assert (["a"], [], [], [("visits", 2)]) == (
        names_in(path),
        values_in(path),
        names_in(apart),
        values_in(apart),
    )


def test_a_variable_names_the_file_of_the_metrics(tmp_path, monkeypatch):
    """MIDSPAN_JSONL_METRICS_PATH, beside the other; OTEL_METRICS_EXPORTER may name the exporter."""
    path, apart = tmp_path / "spans.jsonl", tmp_path / "metrics.jsonl"
    monkeypatch.setenv("MIDSPAN_JSONL_PATH", str(path))
    monkeypatch.setenv("MIDSPAN_JSONL_METRICS_PATH", str(apart))
    exporters = {"OTEL_TRACES_EXPORTER": "jsonl", "OTEL_METRICS_EXPORTER": "jsonl"}
    variables = {**exporters, "MIDSPAN_SELF_METRICS": "false"}
    pipeline = sdk.configure(environment=variables)
    trace.get_tracer("x").start_span("a").end()
    metrics.get_meter("x").create_counter("visits").add(3)
    assert (True, ["a"], [("visits", 3)]) == (pipeline.shutdown(5), names_in(path), values_in(apart))


def test_the_file_of_the_metrics_is_refused_at_once_too(tmp_path):
    """A folder that is not there is said where the exporter is made."""
    with pytest.raises(FileNotFoundError):
        JSONLinesExporter(tmp_path / "spans.jsonl", metrics=tmp_path / "no" / "metrics.jsonl")


def test_it_says_where_metrics_go_if_that_is_elsewhere(tmp_path):
    """Both places can be read."""
    path, apart = tmp_path / "spans.jsonl", tmp_path / "metrics.jsonl"
    assert f"JSONLinesExporter({str(path)!r}, metrics={str(apart)!r})" == repr(
        JSONLinesExporter(path, metrics=apart)
    )
