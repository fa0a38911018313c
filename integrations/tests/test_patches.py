"""What is put around a library's functions works on classes, objects and modules, and can be taken back."""

from __future__ import annotations

import functools
import gc
import importlib
import sys
import types
import weakref

import pytest

from midspan import _trouble
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library
from midspan.integrations._patches import Patches


def exclaimed(native):
    """Return a function that says what `native` says, louder."""
    return lambda *arguments: native(*arguments) + "!"


class Speaker:
    """Something with methods of every kind."""

    def speak(self):
        """Say hello."""
        return "hello"

    @staticmethod
    def shout():
        """Say hey."""
        return "hey"

    @classmethod
    def name(cls):
        """Say who."""
        return cls.__name__


class Heir(Speaker):
    """Inherits all of it."""


@pytest.fixture
def patches():
    """Return patches that are undone in the end."""
    made = Patches()
    yield made
    made.undo()


@pytest.mark.parametrize(("name", "said"), [("speak", "hello!"), ("shout", "hey!"), ("name", "Speaker!")])
def test_a_method_of_any_kind_is_surrounded_and_restored(patches, name, said):
    """Plain, static and class methods stay what they are; afterwards the very same object is back."""
    before = vars(Speaker)[name]
    patches.around(Speaker, name, exclaimed)
    assert said == getattr(Speaker(), name)()
    patches.undo()
    assert before is vars(Speaker)[name]


def test_an_inherited_method_leaves_no_trace_on_the_heir(patches):
    """What a class did not hold itself, it does not hold afterwards."""
    patches.around(Heir, "speak", exclaimed)
    assert ("hello!", "hello") == (Heir().speak(), Speaker().speak())
    patches.undo()
    assert "speak" not in vars(Heir)


def test_one_object_is_surrounded_alone(patches):
    """The function around takes `self` first, as it would around the class's."""
    one, other = Speaker(), Speaker()
    patches.around(one, "speak", exclaimed)
    assert ("hello!", "hello") == (one.speak(), other.speak())
    patches.undo()
    assert {} == vars(one)


def test_a_callable_that_an_object_holds_is_surrounded(patches):
    """An application may hang a function of its own on the object."""
    one = Speaker()
    one.speak = lambda: "mine"
    patches.around(one, "speak", exclaimed)
    assert "mine!" == one.speak()


def test_a_function_of_a_module_is_surrounded(patches):
    """Modules hold plain functions."""
    module = types.ModuleType("module")
    module.speak = lambda: "hello"
    patches.around(module, "speak", exclaimed)
    assert "hello!" == module.speak()


def test_what_somebody_else_put_around_ours_stays(patches):
    """It cannot be taken away without taking theirs; ours is told that it is off."""
    one = Speaker()
    patches.around(one, "speak", lambda native: lambda self: native(self) + "!" * patches.on)
    ours = one.speak
    one.speak = theirs = lambda: f"({ours()})"
    assert "(hello!)" == one.speak()
    patches.undo()
    assert (theirs, "(hello)") == (one.speak, one.speak())


@pytest.fixture
def late(tmp_path, monkeypatch):
    """Return the name of a module that can be imported, and has not been."""
    (tmp_path / "late_speaker.py").write_text("def speak():\n    return 'hello'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "late_speaker"
    sys.modules.pop("late_speaker", None)


def put_in_late(patches):
    """Surround the function of the module that has come by now."""
    patches.around(sys.modules["late_speaker"], "speak", exclaimed)


def test_a_module_is_surrounded_once_the_program_imports_it(patches, late):
    """It is not imported for that; and it is restored as any other."""
    patches.when_imported(late, put_in_late)
    assert late not in sys.modules
    module = importlib.import_module(late)
    assert "hello!" == module.speak()
    patches.undo()
    assert "hello" == module.speak()


def test_what_was_undone_does_not_come_late(patches, late):
    """Nobody waits for the module any more."""
    patches.when_imported(late, put_in_late)
    patches.undo()
    assert "hello" == importlib.import_module(late).speak()
    assert "midspan" not in str([type(finder).__module__ for finder in sys.meta_path])


def test_half_of_what_comes_late_is_worse_than_none(patches, late):
    """The import goes on, the trouble is reported, and what was put before is taken back."""
    one = Speaker()
    patches.around(one, "speak", exclaimed)
    patches.when_imported(late, lambda _: 1 / 0)
    importlib.import_module(late)
    assert ("hello", 1) == (one.speak(), _trouble.counts()["integration.failed"])
    _trouble.reset()


def test_an_integration_that_waits_is_on(late):
    """It is off again without a trace, whether the module came or not."""
    integration = Integration("shop", Library(None, late))
    integration.turn_on_when_imported({late: put_in_late})
    assert integration.is_on
    module = importlib.import_module(late)
    assert "hello!" == module.speak()
    integration.turn_off()
    assert ("hello", False) == (module.speak(), integration.is_on)


def test_an_object_that_is_instrumented_alone_is_not_kept_alive():
    """Nor is one that wears a function which holds it, as `app.wsgi_app = ProxyFix(app.wsgi_app)` does."""
    integration = Integration("shop", Library(None, "shop"))

    def instrumented():
        one = Speaker()
        one.speak = functools.partial(Speaker.speak, one)
        integration.turn_on_for(one, lambda patches: patches.around(one, "speak", exclaimed))
        assert "hello!" == one.speak()
        return weakref.ref(one)

    gone = instrumented()
    gc.collect()
    assert gone() is None


def test_an_object_can_be_left_as_it_was():
    """Nothing of ours stays on it."""
    integration = Integration("shop", Library(None, "shop"))
    one = Speaker()
    integration.turn_on_for(one, lambda patches: patches.around(one, "speak", exclaimed))
    integration.turn_off_for(one)
    assert {} == vars(one)
