"""Start a server, give it a known load, end it, and count what arrived."""

from __future__ import annotations

import contextlib
import http
import http.client
import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from compat_tests import _environments
from compat_tests.faults._collector import free_port
from compat_tests.life._receiver import Account, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "CELERY",
    "WEB",
    "Run",
    "Server",
    "ask",
    "broker",
    "celery",
    "is_settled",
    "listens",
    "python_of",
    "web",
]

_HERE = Path(__file__).parent
_CLIENTS = 4
_WORKERS = 2
_PATIENCE_S = 60.0

# Servers, as they are started; PORT is put in its place.
_GUNICORN = (
    *("gunicorn", "web:application", "-b", "127.0.0.1:PORT", "-w", str(_WORKERS)),
    *("-c", "gunicorn_conf.py", "--log-level", "info"),
)
_UWSGI = (
    *("uwsgi", "--http-socket", "127.0.0.1:PORT", "--wsgi-file", "web.py", "--callable", "application"),
    *("--master", "--processes", str(_WORKERS), "--need-app", "--disable-logging"),
    # Else a worker that is still busy with its last request ends without a word to Python.
    *("--hook-master-start", "unix_signal:15 gracefully_kill_them_all"),
    *("--hook-accepting", "print:at work"),
)
_UVICORN = ("uvicorn", "web:asgi", "--port", "PORT", "--log-level", "warning")
WEB: dict[str, tuple[str, ...]] = {
    "gunicorn": _GUNICORN,
    "gunicorn, preload": (*_GUNICORN, "--preload"),
    "gunicorn, threads": (*_GUNICORN, "-k", "gthread", "--threads", "2"),
    "gunicorn, gevent": (*_GUNICORN, "-k", "gevent"),
    "gunicorn, gevent, preload": (*_GUNICORN, "-k", "gevent", "--preload"),
    "gunicorn, max-requests 80": (*_GUNICORN, "--max-requests", "80"),
    "uWSGI": _UWSGI,
    "uWSGI, lazy-apps": (*_UWSGI, "--lazy-apps"),
    "uWSGI, threads": (*_UWSGI, "--threads", "2"),
    "uWSGI, fork hooks": (*_UWSGI, "--py-call-uwsgi-fork-hooks"),
    "uWSGI, max-requests 80": (*_UWSGI, "--max-requests", "80", "--min-worker-lifetime", "0"),
    "uvicorn": _UVICORN,
    "uvicorn, 2 workers": (*_UVICORN, "--workers", "2"),
}
CELERY: dict[str, tuple[str, ...]] = {
    "Celery, prefork": ("-P", "prefork", "-c", "2"),
    "Celery, max-tasks-per-child 1": ("-P", "prefork", "-c", "2", "--max-tasks-per-child", "1"),
    "Celery, threads": ("-P", "threads", "-c", "2"),
    "Celery, gevent": ("-P", "gevent", "-c", "10"),
    "Celery, eventlet": ("-P", "eventlet", "-c", "10"),
}


class Run(NamedTuple):
    """What became of a load, and how the server ended."""

    account: Account
    # Negative for a signal; None if it had to be killed.
    code: int | None
    log: str


def python_of(side: str = "ours") -> Path:
    """Return the interpreter of an environment that holds the servers, and midspan or the peer."""
    files = [_HERE / "requirements.txt"]
    if side == "ours":
        return _environments.environment(files, name="life", with_build_tools=False)
    files.append(_HERE.parent / "faults" / "requirements" / "opentelemetry.txt")
    return _environments.environment(files, name="life-peer", with_midspan=False, with_build_tools=False)


def web(
    command: Sequence[str],
    made: int,
    *,
    side: str = "ours",
    end: signal.Signals = signal.SIGTERM,
    variables: Mapping[str, str] | None = None,
) -> Run:
    """Ask a web server for so many pages, from a few clients at once, and end it."""
    port = free_port()
    command = [word.replace("PORT", str(port)) for word in command]
    with Receiver() as receiver, Server(command, receiver, variables or {}, side=side) as server:
        server.wait_until(lambda: _answers(port))
        ask(port, made)
        server.wait_until(lambda: is_settled(server.log()))
        return server.end(made, end)


def celery(options: Sequence[str], made: int, *, broker: str, side: str = "ours") -> Run:
    """Let a Celery worker do so many tasks, and end it once it has done all."""
    command = ["celery", "-A", "tasks", "worker", "--loglevel", "INFO", "--without-mingle", *options]
    variables = {"LIFE_BROKER": broker}
    with Receiver() as receiver:
        with Server(["python", "order.py", str(made)], receiver, variables, side=side) as order:
            order.wait_until(lambda: order.process.poll() is not None)
        with Server(command, receiver, variables, side=side) as server:
            server.wait_until(lambda: server.log().count("succeeded in") >= made)
            return server.end(made, signal.SIGTERM)


@contextlib.contextmanager
def broker() -> Iterator[str]:
    """Run a Redis; the URL is that of a database in it, fresh for each use."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                _wait_until(lambda: listens(port), process)
                yield f"redis://127.0.0.1:{port}"
            finally:
                process.terminate()


class Server:
    """A process that serves, in a session of its own, and what it says.

    It is a program of this folder's environment, unless `python` is the interpreter of another one.
    """

    def __init__(  # noqa: PLR0913 - where it runs, and what it is told
        self,
        command: Sequence[str],
        receiver: Receiver,
        variables: Mapping[str, str],
        *,
        side: str = "ours",
        python: Path | None = None,
        folder: Path = _HERE / "inside",
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._log = Path(self._folder.name, "log")
        self._receiver = receiver
        program = str((python or python_of(side)).with_name(command[0]))
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        told = {"LIFE_SIDE": side, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **variables}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, *command[1:]],
                cwd=folder,
                env=kept | told,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        # Whatever it left, too: it leads a session of its own.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._folder.cleanup()

    def log(self) -> str:
        """Return what it has said."""
        return self._log.read_text(errors="replace")

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait for the server; RuntimeError, with what it said, if it does not come to that."""
        try:
            _wait_until(done, self.process)
        except RuntimeError:
            if not done():
                raise RuntimeError(self.log()[-2000:]) from None

    def end(self, made: int, number: signal.Signals) -> Run:
        """End it, and count."""
        code = self.stop(number)
        return Run(self._receiver.account(made), code, self.log())

    def stop(self, number: signal.Signals) -> int | None:
        """End it by a signal; the code that it ends with, None if it does not end."""
        self.process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(_PATIENCE_S)
        return None


def _wait_until(done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not done():
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(f"{process.args!r} is not what it should be")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Say whether somebody listens on a port of the loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def is_settled(log: str) -> bool:
    """Say whether all that a server has forked are at work, and those that were replaced are gone.

    One that is told to end before it has handlers of its own does not know what is meant. uWSGI's does as the
    master would, and kills the others; gunicorn's never ends.
    """
    for born, gone in (("spawned uWSGI worker", "killed successfully"), ("Booting worker", "Worker exiting")):
        if born in log:
            count = log.count(born)
            return log.count("(accepting)...") == count == _WORKERS + log.count(gone)
    return True


def _answers(port: int) -> bool:
    # A server may listen before it has loaded the application.
    with contextlib.suppress(OSError, http.client.HTTPException):
        return _get(port, "/ready") == http.HTTPStatus.OK
    return False


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def ask(port: int, made: int) -> None:
    """Ask for the pages "/0", "/1" and so on, from a few clients at once."""
    paths: queue.SimpleQueue[str] = queue.SimpleQueue()
    for number in range(made):
        paths.put(f"/{number}")

    def client() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                _get(port, paths.get_nowait())

    clients = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
