"""Trouble at run time is counted always, said once a minute, and raised only in strict mode."""

from __future__ import annotations

import logging
import threading

import pytest

from midspan import _trouble, trace


@pytest.fixture
def minutes(monkeypatch):
    """Let minutes pass."""
    now = [1000.0]
    monkeypatch.setattr("midspan._trouble.time.monotonic", lambda: now[0])

    def pass_by(count: float) -> None:
        now[0] += 60 * count

    return pass_by


class Unprintable:
    """Raises when it is asked for its text."""

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


class Text(str):
    """Shows itself otherwise than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


def test_each_cause_is_counted():
    """Every time, whether it is said or not."""
    for cause in ("a", "a", "b"):
        _trouble.report(cause, "message")
    assert {"a": 2, "b": 1} == _trouble.counts()


def test_each_cause_is_said_once(caplog):
    """Another cause is another line."""
    for cause in ("a", "a", "b"):
        _trouble.report(cause, "trouble with %s", cause)
    assert ["trouble with a", "trouble with b"] == [record.getMessage() for record in caplog.records]
    assert {("midspan", logging.WARNING)} == {(record.name, record.levelno) for record in caplog.records}


def test_what_comes_back_is_said_again_after_a_minute(caplog, minutes):
    """With the number of times since it was last said."""
    for passed in (0, 0.5, 0.6, 0.1):
        minutes(passed)
        _trouble.report("a", "again")
    assert ["again", "again (2 times since this was last said)"] == [r.getMessage() for r in caplog.records]


def test_the_error_is_part_of_the_line(caplog):
    """By type and message."""
    _trouble.report("a", "it failed", error=LookupError("gone"))
    assert "it failed: LookupError: gone" in caplog.text


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\x1b[31m\x00", "a\\nb\\x1b[31m\\x00"),
        ("x" * 1000, "x" * 256),
        ("\n" * 1000, "\\n" * 128),
        ("\ud800", "\\ud800"),
        (5, "5"),
        (Unprintable(), "<Unprintable that cannot be shown>"),
        (LookupError("gone"), "LookupError: gone"),
        (Text("as it is"), "as it is"),
    ],
)
def test_foreign_text_is_harmless(caplog, foreign, shown):
    """At most 256 characters, no control characters, and no exception."""
    _trouble.report("a", "<%s>", foreign)
    assert f"<{shown}>" == caplog.records[0].getMessage()
    assert shown == _trouble.describe(foreign)


def test_a_percent_sign_in_foreign_text_is_only_text(caplog):
    """It fills a place and makes none."""
    _trouble.report("a", "%s", "100 %s")
    assert ["100 %s"] == [record.getMessage() for record in caplog.records]


def test_a_message_that_does_not_fit_is_said_as_it_is(caplog):
    """A mistake of ours in a message raises nothing into the application."""
    _trouble.report("a", "%s and %s", "one")
    assert ["%s and %s"] == [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(("error", "raised"), [(LookupError("gone"), LookupError), (None, RuntimeError)])
def test_strict_mode_raises(error, raised):
    """The error itself, or one with the message; it is counted as well."""
    _trouble.set_strict(True)
    with pytest.raises(raised, match="gone" if error else "with x"):
        _trouble.report("a", "trouble with %s", "x", error=error)
    assert {"a": 1} == _trouble.counts()


def test_a_note_never_raises(caplog):
    """What no caller would catch is counted and said in strict mode, too."""
    _trouble.set_strict(True)
    _trouble.note("a", "in a worker", error=LookupError("gone"))
    assert ({"a": 1}, "in a worker: LookupError: gone") == (_trouble.counts(), caplog.records[0].getMessage())


class Handler(logging.Handler):
    """Does something with each record."""

    def __init__(self, act) -> None:
        super().__init__()
        self.act = act
        self.lines: list[str] = []
        self.depth = self.deepest = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        try:
            self.act()
        finally:
            self.depth -= 1


@pytest.fixture
def handled():
    """Hang a handler into the log."""
    handlers: list[Handler] = []

    def add(act) -> Handler:
        handlers.append(Handler(act))
        logging.getLogger("midspan").addHandler(handlers[-1])
        return handlers[-1]

    yield add
    for handler in handlers:
        logging.getLogger("midspan").removeHandler(handler)


def test_a_log_handler_that_raises_harms_nobody(handled):
    """It is the application's own."""

    def fail() -> None:
        raise LookupError

    handled(fail)
    _trouble.report("a", "message")
    assert {"a": 1} == _trouble.counts()


def test_a_log_handler_that_makes_trouble_does_not_recurse(handled):
    """A handler that uses midspan wrongly is not called from within itself; its line comes later."""
    handler = handled(lambda: _trouble.report("b", "from the handler"))
    _trouble.report("a", "message")
    _trouble.say_what_waits()
    assert (["message", "from the handler"], 1) == (handler.lines, handler.deepest)


def test_a_log_handler_that_makes_spans_does_not_recurse(handled, tracer, memory):
    """Tracing inside a handler is all right."""

    def trace_it() -> None:
        with tracer.start_as_current_span("logging"):
            pass

    handled(trace_it)
    _trouble.report("a", "message")
    assert 1 == len(memory.spans)


@pytest.mark.parametrize("said_before", [False, True])
def test_threads_that_report_together_say_it_once(caplog, minutes, said_before):
    """Each is counted; one of them speaks."""
    if said_before:
        _trouble.report("a", "message")
        minutes(2)
        caplog.clear()
    barrier = threading.Barrier(8)

    def report() -> None:
        barrier.wait()
        for _ in range(50):
            _trouble.report("a", "message")

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (400 + said_before, 1) == (_trouble.counts()["a"], len(caplog.records))


def test_whoever_is_late_to_say_it_again_stays_silent(caplog, minutes, monkeypatch):
    """Of two threads that find the last word a minute old, one renews it."""
    _trouble.report("a", "message")
    minutes(2)
    assert _trouble._renewing.acquire(blocking=False)
    _trouble.report("a", "message")
    _trouble._renewing.release()
    assert (1, 2) == (len(caplog.records), _trouble.counts()["a"])


def test_an_ended_span_that_is_used_is_said_once(caplog, tracer):
    """The line names the verb and the span."""
    span = tracer.start_span("s")
    span.end()
    for _ in range(3):
        span.set_attribute("late", 1)
    assert ["set_attribute was called on the ended span s"] == [r.getMessage() for r in caplog.records]
    assert trace.get_current_span() is trace.NOOP_SPAN


def test_an_error_is_told_without_the_credentials_in_its_message():
    """A password goes even where the line is cut in the middle of it, and the rest stays."""
    told = _trouble.describe(
        ValueError("x" * 220 + " postgresql://shop:hunter2hunter2@db/orders token=hunter2")
    )
    assert ("ValueError: xxx", False) == (told[:15], "hunter" in told)
