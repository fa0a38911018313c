"""What begins anew in a child does so once, also where uWSGI alone knows of the fork."""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from midspan import _forks, _native, sdk, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


class Server(SimpleNamespace):
    """What uWSGI's module tells and takes; the server itself is in compat_tests/life."""

    number = 0
    worker_id = mule_id = i_am_the_spooler = staticmethod(lambda: Server.number)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Run as if in uWSGI, before it forks."""
    server = Server()
    monkeypatch.setitem(sys.modules, "uwsgi", server)  # type: ignore[arg-type]
    return server


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Keep what begins anew to a list of process ids."""
    begun: list[int] = []
    monkeypatch.setattr(_forks, "_functions", [lambda: begun.append(os.getpid())])
    return begun


def in_child(function: Callable[[], Any]) -> Any:
    """Fork, run `function` in the child, and return what it returned there."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, json.dumps(function()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = json.load(pipe)
    os.waitpid(pid, 0)
    return answer


def test_a_hook_without_a_fork_begins_nothing_anew(begun):
    """uWSGI calls it in the process that did not fork, too, where there is no master."""
    server = SimpleNamespace()
    _forks.hook_into(server)
    server.post_fork_hook()
    assert [] == begun


def test_a_fork_that_the_interpreter_knows_of_counts_once(begun):
    """With uWSGI's fork hooks both ways lead there."""
    server = SimpleNamespace()
    _forks.hook_into(server)

    def child() -> int:
        server.post_fork_hook()
        return len(begun)

    assert 0 == in_child(child)


def test_a_fork_that_only_uwsgi_knows_of_is_noticed(begun, monkeypatch):
    """The process has another id than before."""
    server = SimpleNamespace()
    _forks.hook_into(server)
    monkeypatch.setattr(_forks, "_pid", 1)
    server.post_fork_hook()
    server.post_fork_hook()
    assert [os.getpid()] == begun


def test_the_applications_hook_is_called_after_ours(begun, monkeypatch):
    """Who has set `uwsgi.post_fork_hook` finds everything begun anew."""
    server = SimpleNamespace(post_fork_hook=lambda: begun.append(0))
    _forks.hook_into(server)
    monkeypatch.setattr(_forks, "_pid", 1)
    server.post_fork_hook()
    assert [os.getpid(), 0] == begun


@pytest.fixture
def decorators(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return uWSGI's module of decorators, with one function of an application's."""
    chain = ["the application's"]
    module = SimpleNamespace(postfork_chain=chain, postfork_chain_hook=lambda: None)
    monkeypatch.setitem(sys.modules, "uwsgidecorators", module)  # type: ignore[arg-type]
    return module


@pytest.mark.parametrize("earlier", [None, "the chain's", print])
def test_uwsgis_decorators_share_their_hook(decorators, earlier):
    """It calls all that is in its chain, ours first, and a hook of before that nobody would call now."""
    hook = decorators.postfork_chain_hook if earlier == "the chain's" else earlier
    _forks.hook_into(SimpleNamespace(post_fork_hook=hook))
    others = [print] if earlier is print else []
    assert [_forks._forked_by_uwsgi, *others, "the application's"] == decorators.postfork_chain


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Leave no pipeline."""
    yield
    sdk.reset()


@pytest.mark.usefixtures("server", "forgotten")
def test_no_thread_is_started_before_uwsgi_forks(caplog):
    """It would leave the interpreter's lock broken in the child; a flush sends without a thread."""

    class Exporter:
        def __init__(self) -> None:
            self.names: list[str] = []

        def export_spans(self, spans: list[trace.Span]) -> None:
            self.names += [span.name for span in spans]

    exporter = Exporter()
    pipeline = sdk.configure(exporters=[exporter], environment={})
    with pytest.raises(_native.TooEarlyError):
        _native.start_thread(print)
    trace.get_tracer("t").start_span("s").end()
    assert ["spans that end before uWSGI forks leave by a flush only"] == caplog.messages
    assert (True, ["s"]) == (pipeline.force_flush(5), exporter.names)


def test_a_worker_may_have_threads(server, monkeypatch):
    """It has a number."""
    assert _forks.is_before_fork()
    monkeypatch.setattr(Server, "number", 1)
    assert not _forks.is_before_fork()


@pytest.mark.usefixtures("forgotten")
def test_frozen_threads_are_said(server, caplog):
    """An old uWSGI that is not told to enable them lets none run while it waits for a request."""
    server.has_threads = 0
    sdk.configure(exporters=[], environment={})
    assert ["--enable-threads"] == [message.split()[-1] for message in caplog.messages]
