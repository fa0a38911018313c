"""What is registered, and what each of it lacks."""

from __future__ import annotations


def plug_in(run, name):
    """Return what is said of a plug-in."""
    (found,) = [each for each in run.told["plug_ins"] if each["name"] == name]
    return found["trouble"], found["remedy"]


def test_what_is_found_is_listed_by_its_kind(poster, doctor):
    """Exporters, propagators, bridges and integrations, those of others among them."""
    found = {(each["group"], each["name"]) for each in doctor("--json").told["plug_ins"]}
    assert found >= {
        ("exporters", "poster"),
        ("exporters", "otlp"),
        ("propagators", "b3"),
        ("bridges", "opentracing"),
    }


def test_a_library_that_is_missing_is_told_with_the_extra(poster, doctor, register):
    """The extra is that of the plug-in's own distribution."""
    register("quill", "class Quill: pass", "Quill", requires=("ink-of-no-kind>=2",))
    expected = "lacks ink-of-no-kind>=2", "pip install 'plugin-quill[quill]'"
    assert expected == plug_in(doctor("--json"), "quill")


def test_a_module_that_cannot_be_imported_is_told_with_its_reason(poster, doctor, register):
    """Whatever it raises."""
    register("quill", "raise OSError('libink.so: not found')", "Quill")
    assert ("OSError: libink.so: not found", "") == plug_in(doctor("--json"), "quill")


def test_a_name_that_its_module_does_not_have_is_told(poster, doctor, register):
    """The distribution is broken, and says nothing of it itself."""
    register("quill", "", "Quill", group="integrations")
    assert "AttributeError" in plug_in(doctor("--json"), "quill")[0]


def test_what_cannot_be_used_is_no_trouble_as_long_as_nobody_wants_it(poster, doctor, register):
    """It stands among the plug-ins, with its remedy."""
    register("quill", "class Quill: pass", "Quill", requires=("ink-of-no-kind",))
    run = doctor()
    line = "· quill lacks ink-of-no-kind (pip install 'plugin-quill[quill]')"
    assert (0, True) == (run.code, line in [each.strip() for each in run.out.splitlines()])
