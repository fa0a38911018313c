"""Versions are compared as pip compares them: `packaging`, which pip uses, is asked as well."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version as Theirs

from midspan._versions import Version, is_allowed

# Small numbers, so that versions often differ in one part only, or in none.
numbers = st.integers(min_value=0, max_value=3).map(str)
releases = st.lists(numbers, min_size=1, max_size=4).map(".".join)


def marked(*spellings):
    """Return a part that may be missing."""
    return st.just("") | st.builds(str.__add__, st.sampled_from(spellings), numbers)


stages = marked("a", "b", "rc", ".alpha", "-beta_", "c", "pre", "-preview.")
posts = marked(".post", "-", "rev", "_r.")
devs = marked(".dev", "dev", "-dev.")
locals_ = st.sampled_from(["", "", "+1", "+1.10", "+x", "+x-2"])
publics = st.builds("{}{}{}{}{}".format, st.sampled_from(["", "", "1!"]), releases, stages, posts, devs)
versions = st.builds(str.__add__, publics, locals_)
operators = st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~="])
clauses = st.builds(str.__add__, operators, publics) | st.builds(
    "{}{}.*".format, st.sampled_from(["==", "!="]), releases
)


@given(versions, versions)
def test_versions_have_the_order_that_pip_gives_them(one, other):
    """Early forms, repairs and rebuilds included."""
    expected = (Theirs(one) < Theirs(other), Theirs(one) == Theirs(other))
    ours = Version.read(one), Version.read(other)
    assert expected == (ours[0] < ours[1], ours[0] == ours[1])


@given(versions, st.lists(clauses, min_size=1, max_size=2).map(",".join))
def test_specifiers_allow_what_they_allow_for_pip(version, specifiers):
    """Of versions that are installed, early ones among them."""
    try:
        theirs = SpecifierSet(specifiers)
    except InvalidSpecifier:
        assume(False)
    assert theirs.contains(version, prereleases=True) is is_allowed(version, specifiers)


@given(st.text(), st.text())
def test_any_text_is_judged(version, specifiers):
    """No name of a version, nor what is asked of it, makes the comparison fail."""
    assert is_allowed(version, specifiers) in (True, False)
