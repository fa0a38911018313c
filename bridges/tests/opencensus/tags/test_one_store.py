"""OpenCensus's current tags and native baggage are one store, for who asked for it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencensus.common.runtime_context import RuntimeContext
from opencensus.stats import aggregation, execution_context, measure, view
from opencensus.stats.stats import _Stats
from opencensus.tags import Tag, TagContext, TagMap

from midspan import _trouble, baggage, context, propagation, sdk
from midspan.bridges import opencensus as bridge

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


def _map(**tags):
    return TagMap([Tag(name, value) for name, value in tags.items()])


def _tags():
    current = TagContext.get()
    return None if current is None else dict(current.map)


@pytest.fixture
def _lenient(memory):
    """A pipeline that counts troubles, as outside of tests."""
    sdk.configure(exporters=[memory], strict=False, environment={})
    _trouble.reset()


def test_tags_are_baggage():
    """What OpenCensus code sets is native baggage."""
    TagContext.set(_map(tenant="acme", tier="gold"))
    assert {"tenant": "acme", "tier": "gold"} == dict(baggage.get_all())
    assert [str, str] == [type(value) for value in baggage.get_all().values()]


def test_tags_go_out():
    """Tags leave with a request as baggage, in whatever format is spoken."""
    TagContext.set(_map(tenant="acme"))
    headers = {}
    propagation.by_name(["baggage", "jaeger", "opencensus-tags"]).inject(headers)
    assert {
        "baggage": "tenant=acme",
        "uberctx-tenant": "acme",
        "grpc-tags-bin": b"\0\0\x06tenant\x04acme",
    } == headers


def test_what_comes_in_is_seen():
    """Baggage that came with a request is the current tags of OpenCensus code."""
    with context.attached(propagation.extract({"baggage": "tenant=acme,tier=gold"})):
        assert {"tenant": "acme", "tier": "gold"} == _tags()
        assert type(TagContext.get()) is TagMap
    assert TagContext.get() is None


def test_nothing_is_none():
    """Without baggage and tags there is what OpenCensus has: None."""
    assert TagContext.get() is None
    assert RuntimeContext.tag_context is None


def test_the_same_map():
    """What was set is what is read, the very object, and what baggage is seen as is one object too."""
    tags = _map(tenant="acme")
    TagContext.set(tags)
    assert tags is TagContext.get()
    with baggage.attached({"user": "7"}):
        assert TagContext.get() is TagContext.get()


def test_an_empty_map_can_be_filled():
    """A map is current before it has tags, and its tags are baggage as they come."""
    TagContext.set(TagMap())
    assert {} == dict(baggage.get_all())
    TagContext.get().insert("tenant", "acme")
    assert {"tenant": "acme"} == dict(baggage.get_all())


def test_changes_in_place():
    """Whatever OpenCensus code does to the current map, it does to baggage."""
    with baggage.attached({"tenant": "acme", "user": "7"}):
        tags = TagContext.get()
        tags.insert("tier", "gold")
        tags.update("user", "8")
        tags.delete("tenant")
        assert {"user": "8", "tier": "gold"} == dict(baggage.get_all())


def test_changes_inside_spans_reach_around_them(tracer):
    """A map that baggage is seen as inside spans of OpenCensus's is that of the blocks around them."""
    with baggage.attached({"tenant": "acme"}), tracer.span("a"):
        with tracer.span("b"):
            TagContext.get().insert("tier", "gold")
        assert {"tenant": "acme", "tier": "gold"} == dict(baggage.get_all())


def test_setting_replaces():
    """One store has one content: setting tags replaces the baggage that can be tags."""
    with baggage.attached({"tenant": "acme"}):
        TagContext.set(_map(tier="gold"))
        assert {"tier": "gold"} == dict(baggage.get_all())
    assert {} == dict(baggage.get_all())


@pytest.mark.parametrize(("verb", "arguments"), [("set", (None,)), ("clear", ())])
def test_setting_none(verb, arguments):
    """Without tags there is no baggage that could be tags."""
    with baggage.attached({"tenant": "acme"}):
        getattr(TagContext, verb)(*arguments)
        assert ({}, None) == (dict(baggage.get_all()), TagContext.get())


def test_native_changes_are_seen():
    """Native baggage over tags: both are there, and the map of OpenCensus's code is not changed by it."""
    tags = _map(tenant="acme")
    TagContext.set(tags)
    with baggage.attached({"user": "7"}):
        assert {"tenant": "acme", "user": "7"} == _tags()
    with context.attached(baggage.remove_baggage("tenant")):
        assert TagContext.get() is None
    assert tags is TagContext.get()
    assert {"tenant": "acme"} == _tags()


@pytest.mark.usefixtures("_lenient")
def test_baggage_that_can_be_no_tag_stays():
    """Names and values that OpenCensus allows no tag are skipped, counted, and go on as baggage."""
    odd = {"city": "K\u00f6ln", "long": "v" * 256, "lines": "a\nb"}
    with baggage.attached({**odd, "tenant": "acme"}):
        assert {"tenant": "acme"} == _tags()
        assert {"opencensus.tags": 3} == _trouble.counts()
        TagContext.set(_map(tier="gold"))
        assert {**odd, "tier": "gold"} == dict(baggage.get_all())
        TagContext.set(None)
        assert (odd, None) == (dict(baggage.get_all()), TagContext.get())


@pytest.mark.usefixtures("_lenient")
def test_tags_that_may_not_be_are_no_baggage():
    """`TagMap` checks nothing that it is made of; what no tag may be is skipped, and counted once."""
    TagContext.set(TagMap([("tenant", "acme"), ("", "v"), ("k", "a\nb"), ("n", 7), (None, "v")]))
    for _ in range(3):
        assert {"tenant": "acme"} == dict(baggage.get_all())
    assert {"opencensus.tags": 4} == _trouble.counts()


@pytest.mark.usefixtures("_lenient")
@pytest.mark.parametrize("given", [object(), {"k": "v"}, 7])
def test_what_is_no_map(given):
    """OpenCensus's slot takes any object, and gives it back; its tags are none."""
    TagContext.set(given)
    assert given is TagContext.get()
    assert {} == dict(baggage.get_all())


@pytest.mark.usefixtures("_lenient")
def test_a_map_that_fails():
    """Tags that raise when they are read are none, and counted."""

    class Failing:
        @property
        def map(self):
            raise OSError("gone")

    TagContext.set(Failing())
    assert {} == dict(baggage.get_all())
    assert _trouble.counts()["opencensus.tags"] >= 1


def test_properties_stay():
    """Baggage with properties goes out with them, though OpenCensus code has looked at it."""
    with context.attached(propagation.extract({"baggage": "tenant=acme;ttl=30"})):
        assert {"tenant": "acme"} == _tags()
        headers = {}
        propagation.inject(headers)
        assert "tenant=acme;ttl=30" == headers["baggage"]


def test_measurements_have_the_tags():
    """`record()` without tags takes the current ones: baggage makes the columns of a view."""
    users = measure.MeasureInt("users", "", "1")
    by_tenant = view.View("by_tenant", "", ["tenant"], users, aggregation.CountAggregation())
    execution_context.clear()  # so that other tests are told nothing of this view
    stats = _Stats()
    stats.view_manager.register_view(by_tenant)
    measurements = stats.stats_recorder.new_measurement_map()
    measurements.measure_int_put(users, 1)
    with baggage.attached({"tenant": "acme"}):
        measurements.record()
    data = stats.view_manager.get_view("by_tenant")
    assert [("acme",)] == list(data.tag_value_aggregation_data_map)
    execution_context.clear()


_NAMES = st.text(PRINTABLE + "\u00e9", min_size=1, max_size=4)
_VALUES = st.text(PRINTABLE + "\u00e9\n", max_size=4)
_STEPS = st.one_of(
    st.tuples(st.just("set"), st.dictionaries(_NAMES, _VALUES, max_size=3)),
    st.tuples(st.just("insert"), st.tuples(_NAMES, _VALUES)),
    st.tuples(st.just("delete"), _NAMES),
    st.tuples(st.just("native"), st.dictionaries(_NAMES, _VALUES, max_size=3)),
    st.tuples(st.just("forget"), _NAMES),
    st.tuples(st.just("look"), st.none()),
)


@given(st.lists(_STEPS, max_size=8))
def test_both_always_say_the_same(steps):
    """After any steps on either side, the tags are the baggage that can be tags."""
    sdk.configure(exporters=[], strict=False, environment={})
    token = context._slot.set(context.EMPTY)
    for verb, value in steps:
        _take(verb, value)
    expected = {
        name: value
        for name, value in baggage.get_all().items()
        if name.isascii() and value.isascii() and (name + value).isprintable()
    }
    assert expected == (_tags() or {})
    context._slot.reset(token)


def _take(verb, value):
    current = TagContext.get()
    if verb == "set":
        TagContext.set(TagMap([(k, v) for k, v in value.items() if (k + v).isascii() and "\n" not in v]))
    elif verb == "native":
        context.attach(context.current().with_baggage({**baggage.get_all(), **value}))
    elif verb == "forget":
        context.attach(baggage.remove_baggage(value))
    elif verb == "insert" and current is not None and "".join(value).isascii() and "\n" not in value[1]:
        current.insert(*value)
    elif verb == "delete" and current is not None:
        current.delete(value)


def test_off_by_default():
    """Without the choice, tags are no baggage and baggage is no tags."""
    bridge.install()
    TagContext.set(_map(tenant="acme"))
    with baggage.attached({"user": "7"}):
        assert ({"tenant": "acme"}, {"user": "7"}) == (_tags(), dict(baggage.get_all()))


def test_switched_on_and_off():
    """What OpenCensus code has set stays current for it, through every change of the choice."""
    tags = _map(tenant="acme")
    bridge.install()
    TagContext.set(tags)
    bridge.install(tags_as_baggage=True)
    assert (tags, {"tenant": "acme"}) == (TagContext.get(), dict(baggage.get_all()))
    bridge.install()
    assert (tags, {}) == (TagContext.get(), dict(baggage.get_all()))


def test_uninstalled():
    """Everything is OpenCensus's again: its slot, the tags in it, and nothing that was baggage."""
    before = _map(tenant="acme")
    with baggage.attached({"user": "7"}):
        assert {"user": "7"} == _tags()
        bridge.uninstall()
        assert TagContext.get() is None
        bridge.install(tags_as_baggage=True)
        TagContext.set(before)
        bridge.uninstall()
        assert before is TagContext.get()
        TagContext.set(_map(tier="gold"))
        assert {"user": "7"} == dict(baggage.get_all())
    assert "Slot" == type(TagContext).__name__


def test_it_is_a_mapping_like_any_other():
    """Native code finds the ordinary mapping where it looks at baggage, as it is at that moment."""
    tags = _map(tenant="acme", tier="gold")
    TagContext.set(tags)
    found = context.current().baggage
    assert ("acme", None, 2) == (found["tenant"], found.get("user"), len(found))
    assert (["tenant", "tier"], ["acme", "gold"]) == (list(found), list(found.values()))
    assert {"tenant": "acme", "tier": "gold"} == {**found} == dict(found.items()) == found
    assert ("tenant" in found, "user" in found) == (True, False)
    assert "{'tenant': 'acme', 'tier': 'gold'}" == repr(found)
    tags.delete("tier")
    assert ["tenant"] == list(found.keys())
    with pytest.raises(KeyError):
        found["tier"]


@pytest.mark.usefixtures("_lenient")
def test_baggage_that_fails():
    """Baggage of the application's own that raises when it is read is seen as no tags, and counted."""

    class Failing(dict):
        def items(self):
            raise OSError("gone")

    with context.attached(context.EMPTY.with_baggage(Failing(k="v"))):
        assert TagContext.get() is None
    assert {"opencensus.tags": 1} == _trouble.counts()


def test_a_map_that_changes_while_it_is_read():
    """What was read last stands in, when a map changes under the reader."""

    class Changing:
        changes = False

        @property
        def map(self):
            return self

        def items(self):
            if self.changes:
                raise RuntimeError("OrderedDict mutated during iteration")
            return [("tenant", "acme")]

    tags = Changing()
    TagContext.set(tags)
    assert {"tenant": "acme"} == dict(baggage.get_all())
    tags.changes = True
    assert {"tenant": "acme"} == dict(baggage.get_all())
