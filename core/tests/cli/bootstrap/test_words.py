"""The words of the command, its exit codes, and what it says when nothing can be done."""

from __future__ import annotations

from importlib import metadata

import pytest

from midspan.cli import main


def test_the_requirement_is_printed_alone(site, bootstrap, monkeypatch):
    """For a file, or another command; the exit code says whether anything lacks."""
    site.install("Flask", "2.3.3")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    expected = f"midspan[flask,prometheus]=={metadata.version('midspan')}\n"
    assert (1, expected, "") == bootstrap("--requirements")


@pytest.mark.parametrize("words", [[], ["--requirements"], ["--install"]])
def test_an_exporter_that_there_is_not_is_one_line(bootstrap, monkeypatch, words):
    """With what there is; nothing of that can be installed, so the exit code is another."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jaegr")
    run = bootstrap(*words)
    lines = [line for line in (run.out + run.err).splitlines() if "jaegr" in line]
    assert (2, 1) == (run.code, len(lines))
    assert "there is no exporter 'jaegr' (OTEL_TRACES_EXPORTER); there is: console, jaeger, " in lines[0]


def test_a_variable_that_says_what_it_cannot_is_one_line(bootstrap, monkeypatch):
    """In the exporter's own words."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "pigeon")
    run = bootstrap()
    lines = [line for line in run.lines if "pigeon" in line]
    expected = "✗ OTEL_EXPORTER_OTLP_PROTOCOL='pigeon' is not valid: allowed is http/protobuf or "
    assert (2, True) == (run.code, lines[0].startswith(expected))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--no", "redsi"], "there is no redsi; there is: "),
        (["--file", "no-such-file"], "no-such-file cannot be read"),
    ],
)
def test_wishes_that_cannot_be_are_refused(bootstrap, words, said):
    """In one line, before anything is looked at."""
    run = bootstrap(*words)
    assert (2, "", True) == (run.code, run.out, run.err.startswith(f"midspan bootstrap: {said}"))


@pytest.mark.parametrize("words", [["--instal"], ["--install", "--requirements"], ["flask"]])
def test_words_that_are_not_known_are_refused(site, words, capsys):
    """As a shell's tools do, without a guess at what was meant: something might be installed."""
    with pytest.raises(SystemExit) as ended:
        main(["bootstrap", *words])
    assert (2, True) == (ended.value.code, "usage: midspan bootstrap" in capsys.readouterr().err)


def test_where_nothing_lacks_nothing_is_installed(site, bootstrap):
    """Not even what is too old is touched."""
    site.install("Flask", "1.1.4")
    run = bootstrap("--install")
    assert (1, False) == (run.code, run.out.startswith("$"))
    assert "✗ flask Flask 1.1.4 is here, flask>=2 is needed" in run.lines


def test_without_pip_and_uv_nothing_can_be_installed(bootstrap, monkeypatch, tmp_path):
    """The line says what was looked for, and what would help; what stays as it is was said before."""
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    run = bootstrap("--install")
    assert (1, "") == (run.code, run.out)
    expected = f"nothing is installed: {tmp_path / 'python'} has no pip, and there is no uv: "
    assert f"midspan bootstrap: {expected}`python -m ensurepip` brings pip\n" == run.err


def test_what_is_too_old_is_said_to_be_left_before_anything_is_installed(
    site, bootstrap, monkeypatch, tmp_path
):
    """Nobody has to wonder afterwards."""
    site.install("Flask", "1.1.4")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert "left as it is: Flask 1.1.4 (flask>=2 is needed)\n" == bootstrap("--install").out
