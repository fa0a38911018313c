"""What waits for a module acts once it has been imported, and never gets into the import's way."""

from __future__ import annotations

import importlib
import sys

import pytest

from midspan import _trouble
from midspan._imports import stop_waiting, when_imported


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return the name of a module that can be imported, and has not been."""
    (tmp_path / "late_module.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "late_module"
    sys.modules.pop("late_module", None)


def test_it_acts_after_the_module_s_last_line(module):
    """The module is whole by then, and has its own loader back."""
    seen = []
    when_imported(module, lambda: seen.append(sys.modules[module].VALUE))
    assert [] == seen
    late = importlib.import_module(module)
    assert [1] == seen
    assert "SourceFileLoader" == type(late.__loader__).__name__ == type(late.__spec__.loader).__name__


def test_what_is_imported_already_is_acted_on_at_once():
    """There is nothing to wait for."""
    seen = []
    when_imported("json", lambda: seen.append(1))
    assert [1] == seen


def test_each_acts_once_and_nothing_is_left_behind(module):
    """Reloading is no second import, and the finder goes when nobody waits any more."""
    seen = []
    when_imported(module, lambda: seen.append("a"))
    when_imported(module, lambda: seen.append("b"))
    late = importlib.import_module(module)
    importlib.reload(late)
    assert ["a", "b"] == seen
    assert "midspan" not in str([type(finder).__module__ for finder in sys.meta_path])


def test_what_raises_does_not_harm_the_import(module):
    """It is reported, and the next one acts."""
    seen = []
    when_imported(module, lambda: 1 / 0)
    when_imported(module, lambda: seen.append(1))
    assert 1 == importlib.import_module(module).VALUE
    assert ([1], 1) == (seen, _trouble.counts()["integration.failed"])
    _trouble.reset()


def test_who_waits_may_stop(module):
    """The others are called; who was called already is not concerned."""
    seen = []

    def act():
        seen.append("mine")

    when_imported(module, act)
    when_imported(module, lambda: seen.append("another's"))
    stop_waiting(module, act)
    importlib.import_module(module)
    stop_waiting(module, act)
    assert ["another's"] == seen


def test_a_module_that_is_not_there_is_not_found_as_ever():
    """The error is Python's own."""

    def act():
        pass

    when_imported("midspan_no_such_module", act)
    with pytest.raises(ModuleNotFoundError, match="No module named 'midspan_no_such_module'"):
        importlib.import_module("midspan_no_such_module")
    stop_waiting("midspan_no_such_module", act)
    assert "midspan" not in str([type(finder).__module__ for finder in sys.meta_path])
