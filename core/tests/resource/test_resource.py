"""A resource is a value: it merges, compares and does not change."""

from __future__ import annotations

import pytest

from midspan.resource import Resource


def test_the_newer_resource_wins():
    """Where both resources have an attribute, `merge` takes the newer one's."""
    merged = Resource({"a": 1, "b": 1}).merge(Resource({"b": 2, "c": 2}))
    assert {"a": 1, "b": 2, "c": 2} == dict(merged.attributes)


def test_merging_changes_neither():
    """`merge` returns a new resource and leaves both as they were."""
    older, newer = Resource({"a": 1}), Resource({"a": 2})
    older.merge(newer)
    assert (Resource({"a": 1}), Resource({"a": 2})) == (older, newer)


@pytest.mark.parametrize(
    ("older", "newer", "merged"),
    [("", "", ""), ("1.0", "", "1.0"), ("", "2.0", "2.0"), ("1.0", "1.0", "1.0"), ("1.0", "2.0", "")],
)
def test_two_schemas_cannot_both_hold(older, newer, merged):
    """A schema URL survives a merge unless the other resource has a different one."""
    assert merged == Resource(schema_url=older).merge(Resource(schema_url=newer)).schema_url


def test_a_resource_does_not_follow_the_mapping_it_was_made_of():
    """Changing the dictionary afterwards changes nothing."""
    given = {"a": 1}
    resource = Resource(given)
    given["a"] = 2
    assert {"a": 1} == dict(resource.attributes)


def test_attributes_cannot_be_set():
    """The attributes of a resource are read-only."""
    with pytest.raises(TypeError):
        Resource({"a": 1}).attributes["a"] = 2


def test_equal_resources_are_one_key():
    """Resources with the same attributes and schema are equal and hash alike, in whatever order they came."""
    one, other = Resource({"a": 1, "b": (2,)}, "s"), Resource({"b": (2,), "a": 1}, "s")
    assert (True, 1) == (one == other, len({one, other}))


def test_a_resource_equals_only_resources():
    """A resource is not equal to a dictionary with its attributes, nor to one of another schema."""
    assert (False, False) == (Resource({"a": 1}) == {"a": 1}, Resource() == Resource(schema_url="s"))


def test_a_resource_shows_its_attributes():
    """The repr of a resource is fit for a log line."""
    assert "Resource({'service.name': 'shop'})" == repr(Resource({"service.name": "shop"}))
