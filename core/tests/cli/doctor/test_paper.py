"""The report as a person reads it, and as a machine does."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from midspan.cli.doctor._paper import write
from midspan.cli.doctor._report import Backend, Report, Sent


class Terminal(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self):
        """Be one."""
        return True


def report():
    """Return a report with one finding of each kind."""
    report = Report(versions={"midspan": "1"})
    report.add("note", "nothing to worry about")
    report.add("warning", "a little odd", "look again")
    report.trouble("nobody is there " * 10, "knock")
    return report


def shown(file):
    """Return the lines that are written to a file."""
    write(report(), file, lambda text: text)
    return file.getvalue().splitlines()


def test_trouble_comes_first_with_its_remedy():
    """Then what is odd, then what is merely so; the last line sums up."""
    lines = shown(io.StringIO())
    marks = [line.lstrip()[:1] for line in lines if line]
    assert ["m", "✗", "→", "!", "→", "·", "✗"] == marks
    assert "✗ 1 trouble, 1 warning; exit code 1" == lines[-1]


def test_a_file_gets_each_finding_in_one_line_and_no_colour():
    """So that grep finds it whole."""
    lines = shown(io.StringIO())
    assert ("✗ " + ("nobody is there " * 10).strip(), False) == (
        lines[2],
        any("\x1b" in line for line in lines),
    )


def test_a_terminal_gets_colours_and_lines_that_fit(monkeypatch):
    """As wide as it is."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    lines = shown(Terminal())
    assert (True, True) == ("\x1b[31;1m✗" in lines[2], len(lines) > len(shown(io.StringIO())))


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_none(monkeypatch, variable, value):
    """Whatever the terminal can do."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, value)
    assert not any("\x1b" in line for line in shown(Terminal()))


def test_where_marks_cannot_be_written_there_are_letters():
    """An encoding that lacks them is no reason to fail."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    write(report(), file, lambda text: text)
    file.flush()
    assert b"x nobody is there" in raw.getvalue()


def test_a_run_that_ends_well_says_so(poster, doctor):
    """The first thing to look at is the last line."""
    assert "✓ no trouble, what was sent has arrived" == doctor().out.splitlines()[-1]


def test_a_run_of_which_not_all_can_be_known_says_so():
    """Nobody acknowledges a datagram."""
    report = Report(trace_id="1" * 32)
    report.backends.append(Backend("jaeger", "udp://a:1", "Jaeger", sent=[Sent("spans", "unknown", "sent")]))
    file = io.StringIO()
    write(report, file, str)
    assert "✓ no trouble, as far as can be known" == file.getvalue().splitlines()[-1]


def test_a_run_that_sent_nothing_does_not_say_that_it_arrived(poster, doctor):
    """It is no more than it is."""
    assert "✓ no trouble, nothing was sent" == doctor("--no-send").out.splitlines()[-1]


def test_the_document_has_a_form(poster, doctor):
    """The one that docs/doctor.md describes; additions are no change of it."""
    told = doctor("--json").told
    assert list(told) == [
        "exit_code",
        "versions",
        "trace_id",
        "findings",
        "exporters",
        "settings",
        "variables",
        "plug_ins",
    ]
    (backend,) = told["exporters"]
    assert ["name", "address", "about", "said_by", "reached", "sent"] == list(backend)
    assert ["signal", "verdict", "message", "seconds", "size_bytes", "remedy"] == list(backend["sent"][0])
    assert ["place", "state", "said", "seconds", "speaks", "is_tls", "skew_s"] == list(backend["reached"][0])
    assert ["name", "value", "said_by"] == list(told["settings"][0])
    assert ["name", "value", "state", "why"] == list(told["variables"][0])
    assert ["group", "name", "origin", "trouble", "remedy"] == list(told["plug_ins"][0])


@pytest.mark.parametrize("words", [["--what"], ["--timeout", "0"], ["--timeout", "soon"], ["otlp"]])
def test_words_that_are_not_understood_exit_2(doctor, capsys, words):
    """As the tools of a shell do."""
    with pytest.raises(SystemExit) as ended:
        doctor(*words)
    assert (2, True) == (ended.value.code, "usage: midspan doctor" in capsys.readouterr().err)


def test_each_word_is_in_the_document(doctor, capsys):
    """docs/doctor.md explains those that --help lists, and no others."""
    with pytest.raises(SystemExit):
        doctor("--help")
    in_help = set(re.findall(r"(?m)^  (--[a-z-]+)", capsys.readouterr().out))
    text = (Path(__file__).parents[4] / "docs" / "doctor.md").read_text()
    assert in_help == set(re.findall(r"(?m)^\| `(--[a-z-]+)", text))


def test_help_tells_the_exit_codes(doctor, capsys):
    """They are what a script looks at."""
    with pytest.raises(SystemExit) as ended:
        doctor("--help")
    assert (0, True) == (ended.value.code, "exit codes: 0 all is well" in capsys.readouterr().out)
