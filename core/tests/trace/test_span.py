"""A span from its start to its end: what each verb does, and what it does not do any more."""

from __future__ import annotations

import threading

import pytest

from midspan import _trouble, sdk, trace
from midspan.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

OTHER = SpanContext(1, 2)


def test_a_finished_span_holds_what_an_exporter_wants(tracer, memory, clock):
    """Name, identity, parent, kind, times, status, resource and scope can be read from the record."""
    with tracer.start_as_current_span("outer") as outer:
        clock.advance(1)
        inner = tracer.start_span("inner", kind=SpanKind.CLIENT)
        clock.advance(2)
        inner.end()
    span = memory.spans[0]
    assert ("inner", outer.context, SpanKind.CLIENT) == (span.name, span.parent, span.kind)
    assert (1_700_000_001_000_000_000, 1_700_000_003_000_000_000) == (span.start_ns, span.end_ns)
    assert (outer.context.trace_id, trace.Status()) == (span.context.trace_id, span.status)
    assert ("test", sdk.get_pipeline().resource) == (span.scope.name, span.resource)


def test_a_root_has_no_parent(tracer):
    """Without a current span a new trace begins."""
    one, other = tracer.start_span("a"), tracer.start_span("b")
    assert (None, True) == (one.parent, one.context.trace_id != other.context.trace_id)


def test_a_root_is_sampled_and_its_id_random(tracer):
    """The flags of a new trace say that it is recorded and that its id is random (W3C level 2)."""
    assert 0x03 == tracer.start_span("a").context.trace_flags


def test_children_keep_the_flags_of_the_trace(tracer):
    """Whether a trace id is random is known where it was made, and handed on."""
    parent = SpanContext(5, 6, trace_flags=0x01)
    assert 0x01 == tracer.start_span("a", parent=parent).context.trace_flags


@pytest.mark.parametrize(
    ("at", "order"),
    [(None, "now"), (1_600_000_000_000_000_000, "given"), (1_600_000_000_000_000_000.0, "given")],
)
def test_an_event_has_its_time(tracer, at, order):
    """An event happens now, unless a time is given."""
    span = tracer.start_span("s")
    span.add_event("retry", {"n": 1}, timestamp_ns=at)
    expected = 1_700_000_000_000_000_000 if order == "now" else 1_600_000_000_000_000_000
    event = span.events[0]
    assert ("retry", expected, {"n": 1}, 0) == (
        event.name,
        event.timestamp_ns,
        event.attributes,
        event.dropped_attributes,
    )


def test_events_stay_in_order(tracer):
    """Events are read in the order in which they were added, whatever their times."""
    span = tracer.start_span("s")
    for name, at in (("a", 3), ("b", 1), ("c", 2)):
        span.add_event(name, timestamp_ns=at)
    assert ["a", "b", "c"] == [event.name for event in span.events]


def test_an_event_without_attributes_has_an_empty_mapping(tracer):
    """Exporters need not ask whether there are any."""
    span = tracer.start_span("s")
    span.add_event("e")
    assert {} == dict(span.events[0].attributes)


def test_a_span_without_events_or_links_has_empty_sequences(tracer):
    """Exporters need not ask whether there are any."""
    span = tracer.start_span("s")
    assert ((), ()) == (tuple(span.events), tuple(span.links))


def test_no_first_event_is_lost(tracer):
    """Two threads that add a span's first event in the same moment add two."""

    class Meeting(dict):
        """Attributes that are read while another thread adds an event."""

        def items(self):
            thread = threading.Thread(target=span.add_event, args=("other",))
            thread.start()
            thread.join()
            return super().items()

    span = tracer.start_span("s")
    span.add_event("one", Meeting(a=1))
    assert ["other", "one"] == [event.name for event in span.events]


def test_links_are_given_at_the_start_or_later(tracer):
    """A link refers to another span and may have attributes."""
    span = tracer.start_span("s", links=[Link(OTHER, {"k": [1]})])
    span.add_link(SpanContext(3, 4))
    assert [(OTHER, {"k": (1,)}), (SpanContext(3, 4), {})] == [
        (link.context, dict(link.attributes)) for link in span.links
    ]


def test_a_span_can_be_linked_to_as_it_is(tracer):
    """`add_link` takes a span for its context."""
    span, other = tracer.start_span("s"), tracer.start_span("o")
    span.add_link(other)
    assert other.context == span.links[0].context


@pytest.mark.parametrize("links", [[None], 5, ["x"]])
def test_links_that_are_none_raise_nothing(tracer, links):
    """What cannot be read as a link is reported; the span starts all the same."""
    span = tracer.start_span("s", links=links)
    assert (True, (), 1) == (span.is_recording(), tuple(span.links), _trouble.counts()["span.bad_link"])


def test_a_link_to_nothing_is_reported(tracer):
    """`add_link` drops what is neither span nor context."""
    span = tracer.start_span("s")
    span.add_link("x")
    assert ((), 1) == (tuple(span.links), _trouble.counts()["span.bad_link"])


@pytest.mark.parametrize(
    ("calls", "status"),
    [
        ([(StatusCode.ERROR, "why")], Status(StatusCode.ERROR, "why")),
        ([(StatusCode.OK, "ignored")], Status(StatusCode.OK)),
        ([(StatusCode.ERROR, "a"), (StatusCode.ERROR, "b")], Status(StatusCode.ERROR, "b")),
        ([(StatusCode.ERROR, "a"), (StatusCode.OK,)], Status(StatusCode.OK)),
        ([(StatusCode.OK,), (StatusCode.ERROR, "late")], Status(StatusCode.OK)),
        ([(StatusCode.ERROR, "a"), (StatusCode.UNSET,)], Status(StatusCode.ERROR, "a")),
        ([(Status(StatusCode.ERROR, "whole"),)], Status(StatusCode.ERROR, "whole")),
        ([(2, "number")], Status(StatusCode.ERROR, "number")),
        ([(StatusCode.ERROR, 404)], Status(StatusCode.ERROR, "404")),
        ([(StatusCode.ERROR, None)], Status(StatusCode.ERROR)),
    ],
)
def test_a_status_follows_the_specifications_order(tracer, calls, status):
    """OK is final, UNSET changes nothing, ERROR alone is described, and the last one stands."""
    span = tracer.start_span("s")
    for arguments in calls:
        span.set_status(*arguments)
    assert status == span.status


@pytest.mark.parametrize("code", ["ERROR", 9, None, object()])
def test_what_is_no_status_changes_nothing(tracer, code):
    """An odd status is reported and raises nothing."""
    span = tracer.start_span("s")
    span.set_status(code)
    assert (Status(), 1) == (span.status, _trouble.counts()["span.bad_status"])


def test_a_long_description_is_cut(memory):
    """A status is described within the limit of a value."""
    sdk.configure(exporters=[memory], limits=trace.SpanLimits(value_length=5), environment={})
    span = trace.get_tracer("t").start_span("s")
    span.set_status(StatusCode.ERROR, "far too long")
    assert "far t" == span.status.description


def test_name_and_kind_can_be_learned_late(tracer, memory):
    """`update_name` and `set_kind` change what was given at the start."""
    with tracer.start_as_current_span("GET") as span:
        span.update_name("GET /cart")
        span.set_kind(SpanKind.SERVER)
    assert ("GET /cart", SpanKind.SERVER) == (memory.spans[0].name, memory.spans[0].kind)


def test_a_span_is_a_block(tracer, memory):
    """`with span:` ends it, and what leaves the block by exception is its failure; it is not current."""
    seen = []

    def block() -> None:
        with tracer.start_span("s") as span:
            seen.append(trace.get_current_span() is span)
            raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        block()
    assert [False] == seen
    assert (Status(StatusCode.ERROR, "ValueError: bad"), "exception") == (
        memory.spans[0].status,
        memory.spans[0].events[0].name,
    )


VERBS = [
    ("set_attribute", ("k", "v")),
    ("set_attributes", ({"k": "v"},)),
    ("add_event", ("e",)),
    ("add_link", (OTHER,)),
    ("set_status", (StatusCode.ERROR,)),
    ("update_name", ("other",)),
    ("set_kind", (SpanKind.SERVER,)),
    ("record_exception", (ValueError(),)),
    ("withdraw", ()),
    ("force", ()),
    ("end", ()),
]


def record_of(span: Span) -> tuple:
    """Return all that an exporter reads."""
    kept = (span.name, span.kind, span.start_ns, span.end_ns, span.status, dict(span.attributes))
    return (*kept, list(span.events), list(span.links), span.context)


@pytest.mark.parametrize(("verb", "arguments"), VERBS, ids=[verb for verb, _ in VERBS])
def test_a_span_that_has_ended_is_read_only(tracer, memory, clock, verb, arguments):
    """Every verb on an ended span is ignored and counted."""
    span = tracer.start_span("s")
    span.end()
    before = record_of(span)
    clock.advance(1)
    getattr(span, verb)(*arguments)
    assert (before, 1, 1) == (
        record_of(span),
        len(memory.spans),
        _trouble.counts()["span.used_after_end"],
    )


@pytest.mark.parametrize(("verb", "arguments"), VERBS, ids=[verb for verb, _ in VERBS])
def test_verbs_on_a_span_that_records_nothing_are_no_mistake(verb, arguments):
    """A no-op span takes every verb, keeps nothing and counts nothing."""
    span = trace.NOOP_SPAN
    getattr(span, verb)(*arguments)
    assert ({}, "", 0, None, ()) == (
        span.attributes,
        span.name,
        span.start_ns,
        span.end_ns,
        tuple(span.events),
    )
    assert {} == _trouble.counts()


def test_a_no_op_span_is_complete():
    """What an exporter or an integration may read of a span is there on one that records nothing."""
    span = trace.NOOP_SPAN
    assert (False, trace.INVALID, None, "") == (
        span.is_recording(),
        span.context,
        span.resource,
        span.scope.name,
    )
    assert (None, SpanKind.INTERNAL, Status()) == (span.parent, span.kind, span.status)
    assert "NonRecordingSpan(00000000000000000000000000000000-0000000000000000)" == repr(span)


def test_recording_ends_with_the_span(tracer):
    """`is_recording` tells whether the verbs still have an effect."""
    span = tracer.start_span("s")
    before = span.is_recording()
    span.end()
    assert (True, False) == (before, span.is_recording())


def test_threads_that_end_a_span_together_end_it_once(tracer, memory):
    """Of many threads that end the same span one hands it on."""
    span = tracer.start_span("s")
    barrier = threading.Barrier(8)

    def end() -> None:
        barrier.wait()
        span.end()

    threads = [threading.Thread(target=end) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (1, 7) == (len(memory.spans), _trouble.counts()["span.used_after_end"])


def test_a_span_shows_its_state(tracer, clock):
    """The repr tells name, ids, and whether the span records or how long it took."""
    span = tracer.start_span("charge", ids=(1, 2))
    assert "Span('charge', 00000000000000000000000000000001-0000000000000002, recording)" == repr(span)
    clock.advance(ns=1_500_000)
    span.end()
    assert "Span('charge', 00000000000000000000000000000001-0000000000000002, 1.500 ms)" == repr(span)


def test_the_values_show_themselves():
    """Event, link and span context have a repr that is fit for a failing test."""
    context = SpanContext(1, 2, 1, is_remote=True, is_debug=True)
    assert "Event('e', 5, {'a': 1})" == repr(trace.Event("e", 5, {"a": 1}))
    shown = "SpanContext(00000000000000000000000000000001-0000000000000002-01, remote, debug)"
    assert shown == repr(context)
    assert f"Link({shown}, {{}})" == repr(Link(context))


@pytest.mark.parametrize(
    ("ids", "valid"),
    [
        ((1, 1), True),
        ((0, 1), False),
        ((1, 0), False),
        ((1 << 128, 1), False),
        ((1, 1 << 64), False),
        ((-1, 1), False),
    ],
)
def test_a_context_is_valid_if_both_ids_fit(ids, valid):
    """Ids are neither 0 nor wider than 128 and 64 bits."""
    assert valid is SpanContext(*ids).is_valid


def test_ids_can_be_given(tracer):
    """A bridge whose other side has chosen the ids starts a span with them."""
    span = tracer.start_span("s", ids=(0xABC, 0xDEF))
    assert (0xABC, 0xDEF) == (span.context.trace_id, span.context.span_id)


def test_ids_that_were_given_are_not_called_random(tracer):
    """Where the trace id comes from elsewhere, nothing is known of its randomness."""
    assert 0x01 == tracer.start_span("s", ids=(1, 2)).context.trace_flags


def test_the_context_of_a_span_is_one_object(tracer):
    """Asked again, a span gives the same context."""
    span = tracer.start_span("s")
    assert span.context is span.context
