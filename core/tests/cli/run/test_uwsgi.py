"""uWSGI forks without a word, so it must be known before it begins."""

from __future__ import annotations

import sys
import types

import pytest

from midspan import _forks
from midspan.cli.run import _uwsgi
from midspan.cli.run._uwsgi import is_started_by

PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    ("program", "words", "is_uwsgi"),
    [
        ("/usr/bin/uwsgi", [], True),
        ("/usr/bin/uwsgi-core", ["uwsgi", "--http", ":80"], True),
        (PYTHON, [PYTHON, "/venv/bin/uwsgi", "--http", ":80"], True),
        (PYTHON, [PYTHON, "/venv/bin/pyuwsgi"], True),
        (PYTHON, [PYTHON, "-m", "pyuwsgi"], True),
        (PYTHON, [PYTHON], False),
        (PYTHON, [PYTHON, "-m", "shop", "uwsgi"], False),
        (PYTHON, [PYTHON, "manage.py", "uwsgi"], False),
        (PYTHON, [PYTHON, "-c", "import uwsgi"], False),
    ],
)
def test_uwsgi_is_known_by_how_it_is_started(program, words, is_uwsgi):
    """By itself, or inside a Python; a program that was merely given the word is none."""
    assert is_uwsgi == is_started_by(program, words)


@pytest.fixture
def coming(monkeypatch):
    """Return what stands in uWSGI's place, without anything in the hooks that was there."""
    monkeypatch.delitem(sys.modules, "uwsgi", raising=False)
    monkeypatch.setattr(_uwsgi, "when_imported", lambda module, act: waiting.update({module: act}))
    waiting = {}
    _uwsgi._stand_in()
    yield sys.modules["uwsgi"], waiting
    sys.modules.pop("uwsgi")


def test_no_thread_is_begun_before_it(coming):
    """What stands in its place says that there will be a fork."""
    assert _forks.is_before_fork()


def test_its_hook_is_there_before_it_is(coming):
    """uWSGI calls this in every worker."""
    assert callable(coming[0].post_fork_hook)


def test_its_own_decorators_may_come_later(coming, monkeypatch):
    """They put their hook in place of ours, and call ours first from then on."""
    uwsgi, waiting = coming
    decorators = types.ModuleType("uwsgidecorators")
    decorators.postfork_chain, decorators.postfork_chain_hook = ["theirs"], object()
    monkeypatch.setitem(sys.modules, "uwsgidecorators", decorators)
    uwsgi.post_fork_hook = decorators.postfork_chain_hook
    waiting["uwsgidecorators"]()
    assert [_forks._forked_by_uwsgi, "theirs"] == decorators.postfork_chain
    assert uwsgi.post_fork_hook is decorators.postfork_chain_hook
