"""What holds for all resources."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from midspan.resource import Resource

resources = st.builds(
    Resource,
    st.dictionaries(st.sampled_from("abcd"), st.integers() | st.text() | st.booleans(), max_size=4),
    st.sampled_from(["", "1.0", "2.0"]),
)


@given(resources)
def test_the_empty_resource_changes_nothing(resource):
    """Merging with the empty resource, from either side, gives the resource back."""
    assert resource == resource.merge(Resource()) == Resource().merge(resource)


@given(resources, resources, resources)
def test_attributes_merge_in_any_grouping(one, two, three):
    """For attributes, `merge` is associative: detectors may be merged as they come."""
    assert one.merge(two).merge(three).attributes == one.merge(two.merge(three)).attributes


@given(resources, resources)
def test_a_merge_holds_what_both_hold(older, newer):
    """Each attribute of a merge is the newer resource's, or else the older's."""
    merged = older.merge(newer).attributes
    assert dict(merged) == {**dict(older.attributes), **dict(newer.attributes)}


@given(resources)
def test_merging_twice_is_merging_once(resource):
    """A resource that is merged with itself stays as it is."""
    assert resource == resource.merge(resource)


@given(resources, resources)
def test_equal_resources_hash_alike(one, other):
    """Equality implies equal hashes."""
    assert one != other or hash(one) == hash(other)
