"""With `flush_on_sigterm`, SIGTERM exports what waits, and means to the application what it always meant."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from midspan import sdk, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")

MANY = 1_000
PREAMBLE = f"""
import asyncio, os, signal, sys, threading, time
from midspan import sdk, trace

class Exporter:
    pause_s = 0.0
    def export_spans(self, spans):
        time.sleep(self.pause_s)
        with open(sys.argv[1], "a") as file:
            file.writelines(f"{{span.name}}\\n" for span in spans)

exporter = Exporter()

def configure(**settings):
    sdk.configure(
        exporters=[exporter], batch=sdk.BatchSettings(schedule_delay_s=3600), environment={{}},
        **{{"flush_on_sigterm": True, **settings}},
    )

def emit(name="s", count={MANY}):
    for _ in range(count):
        trace.get_tracer("t").start_span(name).end()

def ready():
    open(sys.argv[1] + ".ready", "x").close()

def wait(seconds=30):
    ready()
    time.sleep(seconds)
"""


class Ending(NamedTuple):
    """How a program ended."""

    code: int
    spans: int
    took_s: float
    errors: str


@pytest.fixture
def end(tmp_path: Path) -> Callable[..., Ending]:
    """Run a program, send it SIGTERM when it is ready (`times` times), and say how it ended."""

    def end(body: str, *, times: int = 1, command: tuple[str, ...] = ()) -> Ending:
        program, out = tmp_path / "program.py", tmp_path / "spans"
        program.write_text(PREAMBLE + textwrap.dedent(body))
        arguments = [*command, sys.executable, str(program), str(out)]
        with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
            patience_s = time.monotonic() + 30
            while not (tmp_path / "spans.ready").exists():
                assert process.poll() is None, process.stderr.read()  # type: ignore[union-attr]
                assert time.monotonic() < patience_s
                time.sleep(0.01)
            began_s = time.monotonic()
            for _ in range(times):
                process.send_signal(signal.SIGTERM)
                time.sleep(0.2 if times > 1 else 0)
            _, errors = process.communicate(timeout=30)
            took_s = time.monotonic() - began_s
        return Ending(process.returncode, len(out.read_text().split()) if out.exists() else 0, took_s, errors)

    return end


def test_the_default_action_follows(end):
    """All is exported; whoever waits for the process sees that SIGTERM has ended it."""
    ending = end("configure(); emit(); wait()")
    assert (-signal.SIGTERM, MANY, "") == (ending.code, ending.spans, ending.errors)


def test_without_it_sigterm_ends_the_process_at_once(end):
    """It is asked for, or not done."""
    assert (-signal.SIGTERM, 0) == end("configure(flush_on_sigterm=None); emit(count=100); wait()")[:2]


@pytest.mark.slow
@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("lambda *_: sys.exit(3)", 3),
        ("lambda *_: os._exit(4)", 4),
        ("lambda *_: going.clear()", 0),
        ("again", -signal.SIGTERM),
    ],
    ids=["raises SystemExit", "leaves by os._exit", "lets the program end", "sends the signal once more"],
)
def test_the_applications_own_handler_runs(end, order, handler, code):
    """Whether it was installed before or after, and whatever it does, it decides how the process ends."""
    body = f"""
        going = [True]

        def again(number, frame):
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        def install():
            signal.signal(signal.SIGTERM, {handler})

        if "{order}" == "before":
            install()
        configure()
        if "{order}" == "after":
            install()
        emit()
        ready()
        while going:
            time.sleep(0.01)
    """
    assert (code, MANY) == end(body)[:2]


@pytest.mark.slow
def test_a_handler_is_called_though_the_backend_hangs(end):
    """It does not wait for anybody: it may stand in an event loop."""
    ending = end("""
        exporter.pause_s = 60
        configure(exit_timeout_s=0.2)
        began = []
        signal.signal(signal.SIGTERM, lambda *_: began.append(time.monotonic()))
        emit()
        ready()
        while not began:
            time.sleep(0.001)
        time.sleep(0.5)
    """)
    assert 0 == ending.code
    assert ending.took_s < 2.5


@pytest.mark.slow
def test_the_default_action_waits_for_a_backend_that_hangs_no_longer_than_at_any_exit(end):
    """`exit_timeout_s` bounds the wait."""
    ending = end("exporter.pause_s = 60; configure(exit_timeout_s=0.5); emit(); wait()")
    assert -signal.SIGTERM == ending.code
    assert 0.4 < ending.took_s < 3


@pytest.mark.slow
def test_who_sends_it_twice_does_not_wait(end):
    """The second one kills."""
    ending = end("exporter.pause_s = 60; configure(exit_timeout_s=20); emit(); wait()", times=2)
    assert -signal.SIGTERM == ending.code
    assert ending.took_s < 5


@pytest.mark.slow
def test_a_lock_that_the_interrupted_thread_holds_is_no_deadlock(end):
    """The main thread logs when the signal comes, and the exporter wants to log as well."""
    ending = end("""
        import logging, queue, logging.handlers
        class Held(logging.Handler):
            lock_of_its_own = threading.Lock()
            def emit(self, record):
                with self.lock_of_its_own:
                    if record.getMessage() == "wait":
                        wait()
        logging.getLogger().addHandler(Held())
        class Failing:
            def export_spans(self, spans):
                raise RuntimeError("no")
        sdk.configure(exporters=[Failing()], environment={}, flush_on_sigterm=True, exit_timeout_s=0.5)
        emit()
        logging.getLogger().warning("wait")
    """)
    assert -signal.SIGTERM == ending.code
    assert ending.took_s < 5


@pytest.mark.slow
def test_a_handler_of_asyncio_runs_in_its_loop(end):
    """`loop.add_signal_handler` works, and what the loop does until it has ended is exported."""
    assert (5, MANY + 7) == end("""
        async def main():
            over = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
            ready()
            await over.wait()
            emit("last", 7)
            sys.exit(5)

        configure()
        emit()
        asyncio.run(main())
    """)[:2]


@pytest.mark.slow
def test_a_server_that_puts_back_what_was_there_loses_nothing(end):
    """uvicorn's way: its own handler, then the old one, then the signal once more."""
    assert (-signal.SIGTERM, MANY + 7) == end("""
        caught = []
        before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
        configure()
        emit()
        ready()
        while not caught:
            time.sleep(0.01)
        emit("last", 7)
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)
    """)[:2]


@pytest.mark.slow
def test_what_ignores_the_signal_goes_on_ignoring_it(end):
    """Its children inherit that, as they would without midspan."""
    assert (0, MANY) == end("""
        configure()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        emit()
        wait(0.5)
    """)[:2]


@pytest.mark.slow
def test_a_forked_child_flushes_its_own(end):
    """`multiprocessing` ends its children by SIGTERM: a pool at the end of its block, say."""
    assert (0, MANY) == end("""
        import multiprocessing
        multiprocessing.set_start_method("fork")

        configure()
        with multiprocessing.Pool(1) as pool:
            pool.apply(emit)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        wait()
    """)[:2]


@pytest.mark.slow
def test_the_init_of_a_container_is_not_ended_by_the_default_action(end):
    """Nor is it without midspan: the kernel spares process 1. What waits is exported, and it goes on."""
    namespace = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no namespaces may be made here")
    body = """
        configure()
        emit()
        def later():
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=later).start()
        wait(0.6)
        emit("last", 7)
        os._exit(len(open(sys.argv[1]).read().split()) // 100)
    """
    assert (10, MANY) == end(body, times=0, command=namespace)[:2]


@pytest.fixture
def restored() -> Iterator[None]:
    """Leave SIGTERM as it was."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    sdk.reset()
    signal.signal(signal.SIGTERM, before)


def configure(**settings: object) -> None:
    """Configure with nothing to export to."""
    sdk.configure(exporters=[], environment={}, flush_on_sigterm=True, **settings)  # type: ignore[arg-type]


@pytest.mark.usefixtures("restored")
def test_the_application_sees_its_own_handler():
    """`signal.signal` and `signal.getsignal` answer as if midspan were not there."""

    def handler(*_: object) -> None:
        pass

    configure()
    assert signal.Handlers.SIG_DFL is signal.getsignal(signal.SIGTERM)
    assert signal.Handlers.SIG_DFL is signal.signal(signal.SIGTERM, handler)
    assert handler is signal.getsignal(signal.SIGTERM)
    assert handler is signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.Handlers.SIG_IGN is signal.signal(signal.SIGTERM, 0)
    assert signal.Handlers.SIG_DFL is signal.getsignal(signal.SIGTERM)


@pytest.mark.usefixtures("restored")
def test_other_signals_are_left_alone():
    """Nothing of theirs changes, the errors neither."""
    configure()
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    assert signal.Handlers.SIG_IGN is signal.signal(signal.SIGUSR1, before)
    for number, handler in ((signal.SIGTERM, "no handler"), (10_000, signal.SIG_IGN)):
        with pytest.raises((TypeError, ValueError)):
            signal.signal(number, handler)  # type: ignore[arg-type]


@pytest.mark.usefixtures("restored")
def test_a_reset_gives_everything_back():
    """The functions of `signal`, and the handler, are what they were."""
    handler, functions = (lambda *_: None), (signal.signal, signal.getsignal)
    signal.signal(signal.SIGTERM, handler)
    configure()
    assert functions != (signal.signal, signal.getsignal)
    sdk.reset()
    assert (*functions, handler) == (signal.signal, signal.getsignal, signal.getsignal(signal.SIGTERM))


@pytest.mark.usefixtures("restored")
def test_another_thread_cannot_install_it(caplog):
    """Python allows handlers to the main thread only: that is said, and nothing is changed."""
    before = (signal.signal, signal.getsignal(signal.SIGTERM))
    with caplog.at_level(logging.WARNING):
        thread = threading.Thread(target=configure)
        thread.start()
        thread.join()
    assert before == (signal.signal, signal.getsignal(signal.SIGTERM))
    assert ["configure() was not called in the main thread"] == [
        record.getMessage().split(": ")[1] for record in caplog.records
    ]


@pytest.mark.usefixtures("restored")
def test_the_variable_does_the_same():
    """`MIDSPAN_FLUSH_ON_SIGTERM=true`, unless the argument says otherwise."""
    environment = {"MIDSPAN_FLUSH_ON_SIGTERM": "true"}
    before = signal.signal
    sdk.configure(exporters=[], environment=environment, flush_on_sigterm=False)
    assert before is signal.signal
    sdk.configure(exporters=[], environment=environment)
    assert before is not signal.signal


class Exporter:
    """Keeps the names of spans."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def export_spans(self, spans: list[trace.Span]) -> None:
        self.names += [span.name for span in spans]


@pytest.mark.usefixtures("restored")
def test_a_handler_is_called_while_the_flush_has_only_begun():
    """It finds `os._exit` in a form that waits for the flush; afterwards that is what it was."""
    exporter, seen, leave = Exporter(), [], os._exit
    sdk.configure(
        exporters=[exporter],
        batch=sdk.BatchSettings(schedule_delay_s=3600),
        environment={},
        flush_on_sigterm=True,
    )
    signal.signal(signal.SIGTERM, lambda number, _: seen.append((number, os._exit)))
    trace.get_tracer("t").start_span("s").end()
    signal.raise_signal(signal.SIGTERM)
    assert [(signal.SIGTERM, False)] == [(number, found is leave) for number, found in seen]
    assert leave is os._exit
    patience_s = time.monotonic() + 5
    while not exporter.names and time.monotonic() < patience_s:
        time.sleep(0.001)
    assert ["s"] == exporter.names


@pytest.mark.usefixtures("restored")
def test_what_the_handler_raises_goes_on():
    """It is the application's."""
    configure()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.usefixtures("restored")
def test_a_handler_that_python_did_not_install_is_left_alone(monkeypatch, caplog):
    """A program that embeds Python has handlers that Python cannot call: that is said."""
    from midspan.sdk import _sigterm

    monkeypatch.setattr(_sigterm, "_get", lambda _: None)
    before = signal.signal
    configure()
    assert before is signal.signal
    assert ["SIGTERM has a handler that is not Python's: it flushes nothing"] == caplog.messages


@pytest.mark.usefixtures("restored")
def test_uwsgi_keeps_its_own_handlers(monkeypatch):
    """Python does not know them; its workers end in good order without us."""
    monkeypatch.setitem(sys.modules, "uwsgi", ModuleType("uwsgi"))
    before = signal.signal
    from midspan.sdk import _sigterm

    _sigterm.turn_on(bool, bool, 1.0)
    assert before is signal.signal
