"""What else decides whether telemetry arrives."""

from __future__ import annotations

import time

import pytest

from midspan import sdk, trace


class Away:
    """An exporter whose backend never answers."""

    name = "away"
    address = "http://away"

    def encode_spans(self, spans):
        """Write nothing of interest."""
        return b"body"

    def send(self, signal, body, timeout_s):
        """Say that nobody is there."""
        from midspan import delivery

        return delivery.retry("nobody is there")


@pytest.fixture
def left_behind(tmp_path, monkeypatch):
    """Leave three spans in a folder, as a process whose backend is away does; return the folder."""
    folder = tmp_path / "spill"
    pipeline = sdk.configure(exporters=[Away()], spill=str(folder), environment={})
    for number in range(3):
        trace.get_tracer("shop").start_span(f"charge {number}").end()
    pipeline.shutdown(timeout_s=2)
    sdk.reset()
    monkeypatch.setenv("MIDSPAN_SPILL", str(folder))
    return folder


def spill_of(run):
    """Return what a run says of the folder."""
    (found,) = [each for each in run.told["settings"] if each["name"] == "spill"]
    return found["value"], found["said_by"]


def test_what_waits_on_disk_is_told_and_left_there(poster, doctor, left_behind):
    """Parcels, spans and age, by exporter; looking changes nothing."""
    before = spill_of(doctor("--json"))
    assert (["MIDSPAN_SPILL"], True) == (
        before[1],
        f"{left_behind}: 3 spans for away, up to" in before[0],
    )
    assert before[0].partition(", up")[0] == spill_of(doctor("--json"))[0].partition(", up")[0]


def test_what_waits_for_long_is_a_warning(poster, doctor, left_behind, monkeypatch):
    """Somebody has to send it before it is too old."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7200)
    (warning,) = [each for each in doctor("--json", "--no-send").findings("warning") if "waits" in each]
    assert "up to 2 h old, and too old at 1 d" in warning


def test_a_file_that_is_broken_is_trouble(poster, doctor, left_behind):
    """What lies there cannot be counted."""
    (left_behind / "midspan-spill.sqlite3").write_bytes(b"no database at all, but long enough to be one" * 99)
    run = doctor("--json")
    assert (1, True) == (run.code, "cannot be read: DatabaseError" in run.findings("trouble")[0])


def test_a_folder_that_cannot_be_written_to_is_trouble(poster, doctor, tmp_path, monkeypatch):
    """Nothing can be put down there."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MIDSPAN_SPILL", str(tmp_path / "file" / "spill"))
    run = doctor("--json")
    assert (1, True) == (run.code, "cannot be written to" in run.findings("trouble")[-1])


def test_a_folder_that_is_not_there_yet_is_well(poster, doctor, tmp_path, monkeypatch):
    """It is made when it is needed, and not by looking."""
    monkeypatch.setenv("MIDSPAN_SPILL", str(tmp_path / "a" / "b"))
    run = doctor("--json")
    assert (0, f"{tmp_path}/a/b: nothing waits", False) == (
        run.code,
        spill_of(run)[0],
        (tmp_path / "a").exists(),
    )


def test_a_proxy_that_does_not_count_is_noted(poster, doctor, monkeypatch):
    """Exporters have a proxy when somebody gives them one."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert any(each.startswith("HTTPS_PROXY: ") for each in doctor("--json").findings("note"))
