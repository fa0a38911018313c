"""The rules of OpenTracing's compatibility with native spans, one after the other."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opentracing import Format, child_of, follows_from
from opentracing.scope_managers import ThreadLocalScopeManager

from midspan import baggage, propagation, sdk, testing, trace
from midspan.bridges import opentracing as bridge
from midspan.bridges.opentracing import SpanContext, Tracer
from midspan.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    import contextvars

    from midspan.testing import MemoryExporter

TEXT = (Format.TEXT_MAP, Format.HTTP_HEADERS)


def arrived(tracer: Tracer, name: str, **items: str) -> Any:
    """Return the context of a span of another trace, with baggage, as it comes out of headers."""
    headers: dict[str, str] = {}
    span = tracer.start_span(name, ignore_active_span=True)
    for key, value in items.items():
        span.set_baggage_item(key, value)
    tracer.inject(span.context, Format.HTTP_HEADERS, headers)
    return tracer.extract(Format.HTTP_HEADERS, headers)


# Start: the parent, the links, the baggage, the tags, the times.


def test_the_parent_is_the_first_child_of_in_the_whole_list(tracer: Tracer) -> None:
    """A `child_of` that stands behind a `follows_from` is the parent."""
    first, second, third = (arrived(tracer, name) for name in "abc")
    references = [follows_from(first), child_of(second), child_of(third)]
    assert second.native.context == tracer.start_span("x", references=references).native.parent


def test_the_parent_is_the_first_reference_if_none_is_child_of(tracer: Tracer) -> None:
    """Something that follows from two others is in the trace of the first."""
    first, second = arrived(tracer, "a"), arrived(tracer, "b")
    span = tracer.start_span("x", references=[follows_from(first), follows_from(second)])
    assert first.native.context == span.native.parent


def test_child_of_wins_over_the_references(tracer: Tracer) -> None:
    """If both are given, `child_of` is the parent."""
    first, second = arrived(tracer, "a"), arrived(tracer, "b")
    span = tracer.start_span("x", child_of=second, references=[child_of(first)])
    assert second.native.context == span.native.parent


def test_the_active_span_is_the_parent_if_there_are_no_references(tracer: Tracer) -> None:
    """A span that refers to nothing is a child of the active one."""
    with tracer.start_active_span("outer") as scope:
        assert scope.span.native.context == tracer.start_span("inner").native.parent


def test_all_references_become_links_with_their_type(tracer: Tracer) -> None:
    """Each reference, the parent too, is a link that says of which type it is."""
    first, second = arrived(tracer, "a"), arrived(tracer, "b")
    native = tracer.start_span("x", references=[follows_from(first), child_of(second)]).native
    expected = [
        (first.native.context, {"opentracing.ref_type": "follows_from"}),
        (second.native.context, {"opentracing.ref_type": "child_of"}),
    ]
    assert expected == [(link.context, dict(link.attributes)) for link in native.links]


def test_initial_baggage_is_the_union_of_the_references_baggage(tracer: Tracer) -> None:
    """Where two references differ about a name, the first is believed; what is current does not count."""
    first, second = arrived(tracer, "a", user="ada", tier="1"), arrived(tracer, "b", tier="2", shop="eu")
    with baggage.attached({"current": "yes"}):
        span = tracer.start_span("x", references=[follows_from(first), child_of(second)])
    assert {"user": "ada", "tier": "1", "shop": "eu"} == span.context.baggage


def test_initial_baggage_is_the_current_one_without_references(tracer: Tracer) -> None:
    """What native code put into the baggage is on the OpenTracing spans below it."""
    with baggage.attached({"tenant": "acme"}):
        assert "acme" == tracer.start_span("x").get_baggage_item("tenant")


def test_tags_are_set_at_creation_so_that_samplers_see_them() -> None:
    """A sampler is asked with the tags and the kind that the span is started with."""
    seen: list[Any] = []

    def sampler(request: Any) -> Any:
        seen.append((dict(request.attributes), request.kind))
        return sdk.sampling.SAMPLE

    sdk.configure(exporters=[], sampler=sampler, environment={})
    Tracer().start_span("x", tags={"http.method": "GET", "span.kind": "server"})
    assert [({"http.method": "GET"}, SpanKind.SERVER)] == seen


def test_times_are_float_seconds(tracer: Tracer, memory: MemoryExporter) -> None:
    """Start, logs and end are seconds since the epoch, as `time.time()` gives them."""
    span = tracer.start_span("x", start_time=1_000.25)
    span.log_kv({"event": "half"}, timestamp=1_000.5)
    span.finish(finish_time=1_001)
    (native,) = memory.spans
    times = (native.start_ns, native.events[0].timestamp_ns, native.end_ns)
    assert (1_000_250_000_000, 1_000_500_000_000, 1_001_000_000_000) == times


# Inject.


@pytest.mark.parametrize("format_", TEXT)
def test_baggage_goes_out_even_with_an_invalid_context(tracer: Tracer, format_: str) -> None:
    """Baggage without a span is sent all the same."""
    headers: dict[str, str] = {}
    with baggage.attached({"tenant": "acme"}):
        tracer.inject(tracer.active_span.context, format_, headers)
    assert {"baggage": "tenant=acme"} == headers


def test_an_unknown_format_is_unsupported(tracer: Tracer) -> None:
    """Both ways, whatever the format is."""
    span = tracer.start_span("x")
    for format_ in ("telepathy", None, ["unhashable"]):
        with pytest.raises(opentracing.UnsupportedFormatException):
            tracer.inject(span.context, format_, {})
        with pytest.raises(opentracing.UnsupportedFormatException):
            tracer.extract(format_, {})


@pytest.mark.parametrize(("format_", "make"), [*((f, dict) for f in TEXT), (Format.BINARY, bytearray)])
def test_each_format_carries_identity_and_baggage(tracer: Tracer, format_: str, make: Any) -> None:
    """TEXT_MAP, HTTP_HEADERS and BINARY work: what goes in comes out."""
    span = tracer.start_span("x").set_baggage_item("user", "ada l.")
    carrier = make()
    tracer.inject(span.context, format_, carrier)
    found = tracer.extract(format_, carrier)
    assert found is not None
    identity = (found.trace_id, found.span_id, found.native.context.is_sampled, found.baggage)
    assert (span.trace_id, span.span_id, True, {"user": "ada l."}) == identity


def test_propagators_are_selectable_per_format() -> None:
    """Each format has the propagators it was given; the others keep theirs."""
    tracer = Tracer(propagators={Format.HTTP_HEADERS: "b3multi,jaeger", Format.TEXT_MAP: ["jaeger"]})
    span = tracer.start_span("x")
    carriers: dict[str, dict[str, str]] = {format_: {} for format_ in TEXT}
    for format_, carrier in carriers.items():
        tracer.inject(span.context, format_, carrier)
    assert {"uber-trace-id"} == set(carriers[Format.TEXT_MAP])
    expected = {"uber-trace-id", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled"}
    assert expected == {name.lower() for name in carriers[Format.HTTP_HEADERS]}


def test_one_choice_of_propagators_serves_both_text_formats() -> None:
    """A tracer that is told names once uses them in text maps and in HTTP headers."""
    tracer = Tracer(propagators="jaeger")
    for format_ in TEXT:
        carrier: dict[str, str] = {}
        tracer.inject(tracer.start_span("x").context, format_, carrier)
        assert ["uber-trace-id"] == list(carrier)


def test_a_format_of_ones_own_has_a_propagator_of_ones_own(tracer: Tracer) -> None:
    """`register_propagator` teaches a tracer another format."""
    tracer.register_propagator("queue", "tracecontext")
    carrier: dict[str, str] = {}
    tracer.inject(tracer.start_span("x").context, "queue", carrier)
    assert ["traceparent"] == list(carrier)


def test_an_unknown_propagator_is_an_error_at_construction() -> None:
    """A misspelt name raises where it is written."""
    with pytest.raises(ValueError, match="jager"):
        Tracer(propagators="jager")


# Extract.


@pytest.mark.parametrize("format_", TEXT)
@pytest.mark.parametrize(
    "carrier", [{}, {"accept": "*/*"}, {"traceparent": "00-junk"}, {"traceparent": None}]
)
def test_extract_gives_none_where_nothing_is(tracer: Tracer, format_: str, carrier: Any) -> None:
    """An empty carrier, one of strangers and a corrupt one hold no context."""
    assert tracer.extract(format_, carrier) is None


def test_extract_gives_a_context_for_baggage_alone(tracer: Tracer) -> None:
    """Baggage without a span arrives: a new trace begins with it."""
    context = tracer.extract(Format.HTTP_HEADERS, {"baggage": "tenant=acme"})
    assert context is not None
    span = tracer.start_span("x", child_of=context)
    assert (None, "acme") == (span.native.parent, span.get_baggage_item("tenant"))


def test_extract_gives_a_context_for_a_debug_id(memory: MemoryExporter) -> None:
    """`jaeger-debug-id` forces the trace that begins with it, whatever the sampler says."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    tracer = Tracer(propagators="jaeger")
    context = tracer.extract(Format.HTTP_HEADERS, {"jaeger-debug-id": "ticket-4711"})
    tracer.start_span("forced", child_of=context).finish()
    tracer.start_span("not forced").finish()
    expected = [("forced", {"jaeger-debug-id": "ticket-4711"})]
    assert expected == [(span.name, span.attributes) for span in memory.spans]


def test_extract_gives_a_context_for_jaeger_baggage() -> None:
    """`jaeger-baggage` brings baggage by hand."""
    context = Tracer(propagators="jaeger").extract(Format.TEXT_MAP, {"jaeger-baggage": "user=ada,tier=1"})
    assert context is not None
    assert {"user": "ada", "tier": "1"} == context.baggage


@pytest.mark.parametrize("format_", TEXT)
def test_header_names_are_case_insensitive(tracer: Tracer, format_: str) -> None:
    """Frameworks write `Traceparent`."""
    span = tracer.start_span("x")
    headers: dict[str, str] = {}
    tracer.inject(span.context, format_, headers)
    found = tracer.extract(format_, {name.title(): value for name, value in headers.items()})
    assert found is not None
    assert span.span_id == found.span_id


@pytest.mark.parametrize(
    "carrier",
    [
        b"\0",
        b"x" * 36,
        b"\x01" * 36 + b"\xff" * 4 + b"\x01",
        b"\0" * 36 + b"\x01\0\0\0\x01",
        b"\0" * 36 + b"\x01\0\0\0\x01" + b"\xff\xff\xff\xff" * 2,
    ],
)
def test_a_corrupt_binary_carrier_says_so(tracer: Tracer, carrier: bytes) -> None:
    """Here the OpenTracing API has an exception for it, and no other one comes."""
    with pytest.raises(opentracing.SpanContextCorruptedException):
        tracer.extract(Format.BINARY, bytearray(carrier))


def test_an_empty_binary_carrier_holds_none(tracer: Tracer) -> None:
    """A message without a context is not corrupt."""
    assert tracer.extract(Format.BINARY, bytearray()) is None


def test_binary_is_appended_to_what_is_there(tracer: Tracer) -> None:
    """`inject` must not replace a carrier's contents."""
    carrier = bytearray(b"head")
    tracer.inject(tracer.start_span("x").context, Format.BINARY, carrier)
    assert (b"head", 4 + 37) == (bytes(carrier[:4]), len(carrier))


@pytest.mark.parametrize(
    ("format_", "carrier"),
    [(Format.BINARY, {}), (Format.TEXT_MAP, bytearray()), (Format.HTTP_HEADERS, None), (Format.BINARY, None)],
)
def test_a_carrier_of_the_wrong_type_is_invalid(tracer: Tracer, format_: str, carrier: Any) -> None:
    """A programmer's mistake is said where it is made."""
    with pytest.raises(opentracing.InvalidCarrierException):
        tracer.inject(tracer.start_span("x").context, format_, carrier)
    with pytest.raises(opentracing.InvalidCarrierException):
        tracer.extract(format_, carrier)


# SpanContext and baggage.


def test_a_span_context_is_immutable(tracer: Tracer) -> None:
    """Neither a later baggage item nor whoever holds the baggage changes it."""
    span = tracer.start_span("x").set_baggage_item("user", "ada")
    context = span.context
    context.baggage["user"] = "eve"
    span.set_baggage_item("user", "grace")
    assert {"user": "ada"} == context.baggage


def test_set_baggage_item_swaps_in_a_new_context(tracer: Tracer) -> None:
    """The span's context is another one afterwards, with the same identity."""
    span = tracer.start_span("x")
    before = span.context
    after = span.set_baggage_item("user", "ada").context
    assert (False, before.span_id, {"user": "ada"}) == (before is after, after.span_id, after.baggage)


def test_the_context_is_the_same_object_until_something_changes(tracer: Tracer) -> None:
    """Code that compares contexts by identity is right."""
    span = tracer.start_span("x")
    assert span.context is span.context


def test_baggage_reaches_children(tracer: Tracer) -> None:
    """Through the active span, and through a reference."""
    with tracer.start_active_span("outer") as scope:
        scope.span.set_baggage_item("user", "ada")
        found = [tracer.start_span("a"), tracer.start_span("b", child_of=scope.span.context)]
    assert ["ada", "ada"] == [span.get_baggage_item("user") for span in found]


def test_baggage_reaches_native_code_and_comes_back(tracer: Tracer) -> None:
    """Native code reads what OpenTracing code set, before or after it was activated, and the reverse."""
    span = tracer.start_span("outer").set_baggage_item("early", "1")
    with tracer.scope_manager.activate(span, finish_on_close=True):
        span.set_baggage_item("late", "2")
        with baggage.attached({"native": "3"}):
            assert {"early": "1", "late": "2", "native": "3"} == dict(baggage.get_all())
            assert "3" == tracer.start_span("inner").get_baggage_item("native")
    assert {} == dict(baggage.get_all())


def test_baggage_reaches_other_processes(tracer: Tracer) -> None:
    """What is set on a span is in the headers of calls that it makes, OpenTracing's and native ones."""
    with tracer.start_active_span("outer") as scope:
        scope.span.set_baggage_item("user", "ada")
        headers: dict[str, str] = {}
        propagation.inject(headers)
        ours: dict[str, str] = {}
        tracer.inject(scope.span.context, Format.HTTP_HEADERS, ours)
    assert ("user=ada", "user=ada") == (headers["baggage"], ours["baggage"])


def test_baggage_set_in_another_thread_reaches_where_the_span_is_active(tracer: Tracer) -> None:
    """The span carries it, wherever it is set and wherever it is active."""
    with tracer.start_active_span("outer") as scope:
        thread = threading.Thread(target=scope.span.set_baggage_item, args=("user", "ada"))
        thread.start()
        thread.join()
        found = tracer.start_span("inner").get_baggage_item("user"), baggage.get_baggage("user")
    assert ("ada", "ada") == found


def test_baggage_removed_natively_stays_removed(tracer: Tracer) -> None:
    """Native code clears the baggage before it calls a third party; nothing brings it back."""
    with tracer.start_active_span("outer") as scope:
        scope.span.set_baggage_item("user", "ada")
        with trace_context(baggage.clear()):
            assert {} == tracer.start_span("inner").context.baggage


def trace_context(context: Any) -> Any:
    """Run a block under a context."""
    from midspan.context import attached

    return attached(context)


def test_baggage_stays_in_its_trace(tracer: Tracer) -> None:
    """What is activated or started in another trace's scope sees its own trace's baggage only."""
    other = tracer.start_span("other").set_baggage_item("user", "eve")
    with tracer.start_active_span("outer") as scope:
        scope.span.set_baggage_item("user", "ada").set_baggage_item("secret", "1")
        with tracer.scope_manager.activate(other, False):
            assert {"user": "eve"} == tracer.start_span("inner").context.baggage == dict(baggage.get_all())
        with tracer.start_active_span("root", ignore_active_span=True):
            assert {} == tracer.start_span("inner").context.baggage == dict(baggage.get_all())
        assert {"user": "ada", "secret": "1"} == dict(baggage.get_all())


def test_baggage_of_the_trace_is_kept_when_another_of_its_spans_is_activated(tracer: Tracer) -> None:
    """What native code set in between is there in the scope of a child that was started by reference."""
    with tracer.start_active_span("outer") as scope, baggage.attached({"tenant": "acme"}):
        child = tracer.start_span("child", child_of=scope.span).set_baggage_item("user", "ada")
        with tracer.scope_manager.activate(child, True):
            assert {"tenant": "acme", "user": "ada"} == dict(baggage.get_all())


def test_baggage_without_a_trace_is_for_all(tracer: Tracer) -> None:
    """Native baggage that was there before any span is on a root that ignores what is active."""
    with (
        baggage.attached({"tenant": "acme"}),
        tracer.start_active_span("root", ignore_active_span=True) as scope,
    ):
        assert {"tenant": "acme"} == scope.span.context.baggage == dict(baggage.get_all())


def test_a_baggage_value_of_another_type_becomes_text(tracer: Tracer) -> None:
    """Only strings travel; None removes the item."""
    span = tracer.start_span("x").set_baggage_item("n", 5).set_baggage_item("gone", "x")
    assert {"n": "5"} == span.set_baggage_item("gone", None).context.baggage


# set_tag.


class Url:
    """A value of a class that nobody knows."""

    def __str__(self) -> str:
        return "http://shop/"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        (None, "None"),
        ((3.05, 27), "(3.05, 27)"),
        ({"a": 1}, "{'a': 1}"),
        ([("a", 1), (2, None)], "[('a', 1), (2, None)]"),
        (b"bytes", "bytes"),
        (ValueError("no"), "no"),
        (KeyError, "KeyError"),
        (Url(), "http://shop/"),
    ],
)
def test_set_tag_turns_unsupported_types_into_strings(tracer: Tracer, value: Any, expected: Any) -> None:
    """What OpenTracing allows stays as it is; any other value becomes its text, at the start and later."""
    at_start = tracer.start_span("x", tags={"tag": value}).native.attributes["tag"]
    later = tracer.start_span("x").set_tag("tag", value).native.attributes["tag"]
    assert (expected, type(expected)) == (at_start, type(at_start)) == (later, type(later))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, StatusCode.ERROR),
        ("true", StatusCode.ERROR),
        ("True", StatusCode.ERROR),
        (False, StatusCode.OK),
        ("false", StatusCode.OK),
        (None, StatusCode.UNSET),
        ("broken pipe", StatusCode.UNSET),
        (1, StatusCode.UNSET),
    ],
)
def test_error_sets_the_status(tracer: Tracer, value: Any, expected: StatusCode) -> None:
    """True is ERROR, false is OK, also as text; anything else says nothing, at the start and later."""
    at_start = tracer.start_span("x", tags={"error": value}).native
    later = tracer.start_span("x").set_tag("error", value).native
    assert (expected, expected) == (at_start.status.code, later.status.code)


def test_the_last_error_tag_counts(tracer: Tracer) -> None:
    """A library that says "no error" first may still learn better."""
    span = tracer.start_span("x", tags={"error": False}).set_tag("error", True)
    assert StatusCode.ERROR is span.native.status.code


def test_an_error_tag_that_is_a_text_is_kept(tracer: Tracer) -> None:
    """What went wrong is not lost, though it is no status."""
    assert {"error": "broken pipe"} == tracer.start_span("x").set_tag(
        "error", "broken pipe"
    ).native.attributes


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("client", SpanKind.CLIENT),
        ("server", SpanKind.SERVER),
        ("producer", SpanKind.PRODUCER),
        ("consumer", SpanKind.CONSUMER),
    ],
)
def test_span_kind_sets_the_kind(tracer: Tracer, value: str, kind: SpanKind) -> None:
    """At the start, and later."""
    at_start = tracer.start_span("x", tags={"span.kind": value}).native
    later = tracer.start_span("x").set_tag("span.kind", value).native
    assert [(kind, {}), (kind, {})] == [(native.kind, native.attributes) for native in (at_start, later)]


def test_an_unknown_kind_is_a_tag(tracer: Tracer) -> None:
    """What cannot be a kind is kept as what it is."""
    native = tracer.start_span("x", tags={"span.kind": "local"}).native
    assert (SpanKind.INTERNAL, {"span.kind": "local"}) == (native.kind, native.attributes)


def test_sampling_priority_forces_sampling_at_the_start(memory: MemoryExporter) -> None:
    """A positive priority records the span and all below it, whatever the sampler says."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    tracer = Tracer()
    with tracer.start_active_span("root", tags={"sampling.priority": 1}):
        tracer.start_span("child").finish()
    tracer.start_span("other").finish()
    assert ["child", "root"] == [span.name for span in memory.spans]
    assert memory.spans[1].parent is None


def test_sampling_priority_forces_sampling_later(memory: MemoryExporter) -> None:
    """A span that was not sampled is from then on, with its ids, its name and its start."""
    sdk.configure(exporters=[memory], sampler="always_off", environment={})
    tracer = Tracer()
    with tracer.start_active_span("root", tags={"a": 1}) as scope:
        span = scope.span
        ids = span.trace_id, span.span_id
        span.set_tag("sampling.priority", 1).set_tag("b", 2)
        with trace.get_tracer("shop").start_as_current_span("native"):
            pass
        assert span is tracer.active_span
    native, root = memory.spans
    assert ("root", None, {"a": 1, "b": 2}) == (root.name, root.parent, root.attributes)
    assert ids == (root.context.trace_id, root.context.span_id)
    assert root.context == native.parent
    assert root.start_ns <= native.start_ns


def test_sampling_priority_marks_a_sampled_span_as_debug(tracer: Tracer) -> None:
    """Whoever is called next, in a format that knows the flag, must record it too."""
    span = tracer.start_span("x").set_tag("sampling.priority", 1)
    assert 3 == span.context.flags


@pytest.mark.parametrize("later", [False, True])
def test_sampling_priority_0_stops_sampling(tracer: Tracer, memory: MemoryExporter, later: bool) -> None:
    """Neither the span nor what is below it is exported, and the wire says so."""
    scope = tracer.start_active_span("root", tags=None if later else {"sampling.priority": 0})
    if later:
        scope.span.set_tag("sampling.priority", 0)
    tracer.start_span("child").finish()
    flags = scope.span.context.flags
    scope.close()
    assert ([], 0) == (memory.spans, flags)


def test_sampling_priority_may_change_its_mind(tracer: Tracer, memory: MemoryExporter) -> None:
    """The last one counts."""
    tracer.start_span("x", tags={"sampling.priority": 0}).set_tag("sampling.priority", "1").finish()
    assert ["x"] == [span.name for span in memory.spans]


def test_a_sampling_priority_that_is_no_number_is_a_tag(tracer: Tracer) -> None:
    """It changes nothing."""
    assert {"sampling.priority": "high"} == tracer.start_span(
        "x", tags={"sampling.priority": "high"}
    ).native.attributes


def test_no_other_tag_has_a_meaning(tracer: Tracer) -> None:
    """Tags keep their names."""
    tags = {"http.status_code": 500, "component": "flask", "peer.service": "db", "db.statement": "SELECT 1"}
    assert tags == tracer.start_span("x", tags=tags).native.attributes


# log_kv.


def events(span: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return names and attributes of a span's events."""
    return [(event.name, dict(event.attributes)) for event in span.native.events]


def test_a_log_is_an_event_named_by_event(tracer: Tracer) -> None:
    """The value of `event` is the name; the other pairs are attributes, as text where they must be."""
    span = tracer.start_span("x").log_kv({"event": "retry", "n": 2, "why": ("a", 1)})
    assert [("retry", {"n": 2, "why": "('a', 1)"})] == events(span)


def test_a_log_without_event_is_called_log(tracer: Tracer) -> None:
    """There is always a name."""
    assert [("log", {"a": 1})] == events(tracer.start_span("x").log_kv({"a": 1}))


def raised(error: Exception) -> Exception:
    """Return an exception that was raised, with its traceback."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_an_error_log_with_an_exception_is_recorded_as_one(tracer: Tracer) -> None:
    """Type, message and stack are there; the remaining pairs too."""
    error = raised(ValueError("no such card"))
    span = tracer.start_span("x").log_kv({"event": "error", "error.object": error, "card": "visa"})
    ((name, attributes),) = events(span)
    stack = attributes.pop("exception.stacktrace")
    expected = {"exception.type": "ValueError", "exception.message": "no such card", "card": "visa"}
    assert ("exception", expected) == (name, attributes)
    assert "in raised" in stack


def test_what_an_exception_says_is_not_said_twice(tracer: Tracer) -> None:
    """Kind, message and stack that only repeat the exception are left out; others are kept."""
    error = raised(ValueError("no"))
    pairs = {"event": "error", "error.object": error, "stack": error.__traceback__}
    span = tracer.start_span("x").log_kv({**pairs, "error.kind": ValueError, "message": "no"})
    span.log_kv({**pairs, "error.kind": "CardError", "message": "declined", "stack": "elsewhere"})
    kept = [set(attributes) - exception_keys for _, attributes in events(span)]
    assert [set(), {"error.kind", "message", "stack"}] == kept


exception_keys = {"exception.type", "exception.message", "exception.stacktrace"}


def test_a_traceback_beside_an_exception_without_one_is_used(tracer: Tracer) -> None:
    """Some code strips the exception and passes the stack apart."""
    error = raised(ValueError("no"))
    stack, error.__traceback__ = error.__traceback__, None
    span = tracer.start_span("x").log_kv({"event": "error", "error.object": error, "stack": stack})
    ((_, attributes),) = events(span)
    assert "in raised" in attributes["exception.stacktrace"]
    assert exception_keys == set(attributes)


def test_an_error_log_without_an_exception_maps_its_parts(tracer: Tracer) -> None:
    """`error.kind`, `message` and `stack` take the names that exceptions have."""
    pairs = {"event": "error", "error.kind": "CardError", "message": "declined", "stack": "line 1", "n": 1}
    expected = {
        "exception.type": "CardError",
        "exception.message": "declined",
        "exception.stacktrace": "line 1",
        "n": 1,
    }
    assert [("exception", expected)] == events(tracer.start_span("x").log_kv(pairs))


def test_an_error_log_with_a_class_and_a_traceback(tracer: Tracer) -> None:
    """gRPC's library passes what `sys.exc_info()` gives."""
    error = raised(ValueError("no"))
    pairs = {"event": "error", "error.object": ValueError, "stack": error.__traceback__}
    ((name, attributes),) = events(tracer.start_span("x").log_kv(pairs))
    assert ("exception", "ValueError") == (name, attributes["exception.type"])
    assert "in raised" in attributes["exception.stacktrace"]
    assert "error.object" not in attributes


def test_an_error_log_with_a_text(tracer: Tracer) -> None:
    """What is no exception stays under its own name."""
    span = tracer.start_span("x").log_kv({"event": "error", "error.object": "Traceback ...", "stack": None})
    assert [("exception", {"error.object": "Traceback ..."})] == events(span)


def test_an_exception_in_another_event_keeps_its_stack(tracer: Tracer) -> None:
    """logging-opentracing calls the event `critical`; `log` passes the exception as its payload."""
    error = raised(ValueError("no"))
    span = tracer.start_span("x").log_kv({"event": "critical", "error.object": error})
    span.log(event="exception", payload=error)
    expected = [("critical", {"error.object", *exception_keys}), ("exception", {"payload", *exception_keys})]
    assert expected == [(name, set(attributes)) for name, attributes in events(span)]


def test_log_event_and_log_chain(tracer: Tracer) -> None:
    """The deprecated calls return the span, and make the same events."""
    span = tracer.start_span("x")
    assert span is span.log_event("a").log_event("b", payload={"y": 1}).log(event="c", payload=2, timestamp=5)
    assert [("a", {}), ("b", {"payload": "{'y': 1}"}), ("c", {"payload": 2})] == events(span)
    assert 5_000_000_000 == span.native.events[2].timestamp_ns


# Scopes.


def test_activation_uses_the_native_slot(tracer: Tracer) -> None:
    """What OpenTracing code activates is current for native code, and no longer."""
    with tracer.start_active_span("x") as scope:
        assert scope.span.native is trace.get_current_span()
    assert not trace.get_current_span().context.is_valid


def test_active_is_none_when_there_is_neither_span_nor_baggage(tracer: Tracer) -> None:
    """Nothing is active at first."""
    assert (None, None) == (tracer.scope_manager.active, tracer.active_span)


def test_active_has_a_span_for_baggage_alone(tracer: Tracer) -> None:
    """A span without identity shows the baggage; what is set on it reaches native code."""
    with baggage.attached({"tenant": "acme"}):
        active = tracer.active_span
        assert active is tracer.active_span
        assert (0, {"tenant": "acme"}) == (active.span_id, active.context.baggage)
        active.set_baggage_item("user", "ada")
        assert "ada" == baggage.get_baggage("user")
        assert tracer.start_span("root").native.parent is None


def test_active_returns_the_same_object_for_the_same_span(tracer: Tracer) -> None:
    """Span and scope, whoever activated it."""
    with tracer.start_active_span("x") as scope:
        assert (scope, scope.span) == (tracer.scope_manager.active, tracer.active_span)
        with baggage.attached({"tenant": "acme"}):
            assert scope.span is tracer.active_span
    with trace.use_span(tracer.start_span("y").native):
        assert tracer.active_span is tracer.active_span
        assert tracer.scope_manager.active is tracer.scope_manager.active


def test_a_span_made_current_natively_is_the_object_that_was_started(tracer: Tracer) -> None:
    """OpenTracing's span is found again from its native one, with its baggage."""
    span = tracer.start_span("x").set_baggage_item("user", "ada")
    with trace.use_span(span.native):
        assert span is tracer.active_span


def test_threads_that_look_at_once_see_one_object(tracer: Tracer) -> None:
    """A native span that several threads run under has one OpenTracing view."""
    for _ in range(50):
        native = trace.get_tracer("shop").start_span("native")
        barrier = threading.Barrier(4)
        seen: list[Any] = []

        def look(
            native: trace.Span = native, barrier: threading.Barrier = barrier, seen: list[Any] = seen
        ) -> None:
            with trace.use_span(native):
                barrier.wait()
                seen.append(tracer.active_span)
                barrier.wait()

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 == len(set(map(id, seen)))


def test_a_span_started_natively_is_seen_as_active(tracer: Tracer) -> None:
    """It is the parent of OpenTracing spans, and can be tagged through OpenTracing."""
    with trace.get_tracer("shop").start_as_current_span("native") as native:
        active = tracer.active_span
        assert native is active.set_tag("card", "visa").native
        assert native.context == tracer.start_span("child").native.parent
        tracer.scope_manager.active.close()
        assert active is tracer.active_span
    assert {"card": "visa"} == native.attributes
    assert native.end_ns is not None


@pytest.mark.parametrize("finish_on_close", [True, False])
def test_closing_ends_the_span_only_if_finish_on_close(tracer: Tracer, finish_on_close: bool) -> None:
    """Otherwise whoever started it finishes it."""
    scope = tracer.start_active_span("x", finish_on_close=finish_on_close)
    scope.close()
    assert finish_on_close == (scope.span.native.end_ns is not None)


def test_closing_ends_the_span_through_finish(tracer: Tracer) -> None:
    """Libraries replace `finish` to keep a span open until all of its users are done."""
    called: list[str] = []
    scope = tracer.start_active_span("x")
    scope.span.finish = lambda: called.append("theirs")
    scope.close()
    assert (["theirs"], None) == (called, scope.span.native.end_ns)


def test_a_scope_closed_twice_is_closed_once(tracer: Tracer) -> None:
    """The second call does nothing, even if something else is active by then."""
    first = tracer.start_active_span("first")
    first.close()
    with tracer.start_active_span("second") as second:
        first.close()
        assert second is tracer.scope_manager.active


def test_out_of_order_close_restores_correctly(tracer: Tracer, memory: MemoryExporter) -> None:
    """A scope closed under another leaves that active; afterwards nothing that was closed is."""
    with tracer.start_active_span("outermost") as outermost:
        outer = tracer.start_active_span("outer")
        inner = tracer.start_active_span("inner")
        outer.close()
        assert (inner, []) == (tracer.scope_manager.active, memory.spans)
        inner.close()
        assert outermost is tracer.scope_manager.active
    assert ["inner", "outer", "outermost"] == [span.name for span in memory.spans]


def test_an_exception_in_a_scope_is_logged_with_its_stack(tracer: Tracer, memory: MemoryExporter) -> None:
    """In every version of OpenTracing, the span fails and the exception goes on."""
    with pytest.raises(ValueError, match="no"), tracer.start_active_span("x"):
        raise ValueError("no")
    (span,) = memory.spans
    ((name, attributes),) = ((event.name, event.attributes) for event in span.events)
    assert (StatusCode.ERROR, "exception", "no") == (span.status.code, name, attributes["exception.message"])
    assert "test_rules" in attributes["exception.stacktrace"]


class Foreign(opentracing.Span):
    """A span of a tracer that nobody knows."""

    def __init__(self, context: Any = None) -> None:
        super().__init__(tracer=None, context=context)
        self.finished = 0

    def finish(self, finish_time: float | None = None) -> None:
        """Count the calls."""
        self.finished += 1


class Context(opentracing.SpanContext):
    """A context as jaeger-client and MockTracer have it."""

    trace_id = 7
    span_id = 8
    flags = 1
    baggage = {"user": "ada"}  # noqa: RUF012 - as a class attribute it is shared, as in those


def test_foreign_spans_can_be_activated(tracer: Tracer) -> None:
    """Their identity is kept: they are the active span, and the parent of what is started."""
    span = Foreign(Context())
    with tracer.scope_manager.activate(span, True) as scope:
        assert (span, scope) == (tracer.active_span, tracer.scope_manager.active)
        child = tracer.start_span("child")
        with trace.get_tracer("shop").start_as_current_span("native") as native:
            parents = {child.native.parent.span_id, native.parent.span_id}
    assert ({8}, 7, 1) == (parents, child.trace_id, span.finished)
    assert tracer.active_span is None


def test_a_foreign_span_without_identity_changes_nothing_natively(tracer: Tracer) -> None:
    """A no-op span of another tracer hides itself, not the trace that it is activated in."""
    with tracer.start_active_span("outer") as outer, tracer.scope_manager.activate(Foreign(), False) as scope:
        assert scope.span is tracer.active_span
        assert outer.span.native.context == tracer.start_span("inner").native.parent


def test_foreign_contexts_can_be_referred_to(tracer: Tracer) -> None:
    """With ids and baggage."""
    span = tracer.start_span("x", references=[follows_from(Context())])
    assert (7, 8, {"user": "ada"}) == (span.trace_id, span.native.parent.span_id, span.context.baggage)


def test_the_active_scope_follows_no_thread(tracer: Tracer, elsewhere: contextvars.Context) -> None:
    """A new thread begins with nothing active, as in OpenTracing."""
    with tracer.start_active_span("x"):
        assert elsewhere.run(lambda: tracer.active_span) is None


# Scope managers, close.


def test_a_scope_manager_of_ones_own_is_used_as_it_is() -> None:
    """It is the tracer's manager, the very object."""
    manager = ThreadLocalScopeManager()
    tracer = Tracer(scope_manager=manager)
    with tracer.start_active_span("x") as scope:
        assert manager is tracer.scope_manager
        assert scope is manager.active


def test_close_flushes(memory: MemoryExporter) -> None:
    """What has ended is exported when `close` returns."""
    batched: list[Any] = []

    class Later:
        def export_spans(self, spans: Any) -> None:
            batched.extend(spans)

        def shutdown(self, timeout_s: float) -> None:
            pass

    sdk.configure(exporters=[Later()], environment={})
    tracer = Tracer()
    tracer.start_span("x").finish()
    tracer.close()
    assert ["x"] == [span.name for span in batched]


def test_close_swallows_errors(caplog: pytest.LogCaptureFixture) -> None:
    """An exporter that fails is its own trouble, not that of whoever closes the tracer."""

    class Broken(testing.MemoryExporter):
        def force_flush(self, timeout_s: float) -> bool:
            raise RuntimeError("disk full")

    sdk.configure(exporters=[Broken()], environment={})
    with caplog.at_level(logging.CRITICAL, "midspan"):
        assert Tracer().close() is None


# install().


def test_install_absorbs_a_later_global_tracer(caplog: pytest.LogCaptureFixture) -> None:
    """The bridge stays, and says so once."""
    tracer = bridge.install()
    with caplog.at_level(logging.INFO, "midspan"):
        opentracing.tracer = opentracing.Tracer()
        opentracing.tracer = opentracing.Tracer()
    assert tracer is opentracing.tracer
    assert 1 == len(caplog.messages)


def test_takeover_can_be_switched_off() -> None:
    """Then the last one to set the global tracer wins."""
    bridge.install(takeover=False)
    legacy = opentracing.Tracer()
    opentracing.tracer = legacy
    assert legacy is opentracing.tracer


def test_span_context_is_public(tracer: Tracer) -> None:
    """Contexts are recognised by their class."""
    assert isinstance(tracer.start_span("x").context, SpanContext)


# One span per RPC.


@pytest.mark.parametrize(
    "headers",
    [
        {"Uber-Trace-Id": "7:8:9:1"},
        {"X-B3-TraceId": f"{7:032x}", "X-B3-SpanId": f"{8:016x}", "X-B3-ParentSpanId": f"{9:016x}"},
        {"b3": f"{7:032x}-{8:016x}-1-{9:016x}"},
    ],
)
def test_one_span_per_rpc(headers: dict[str, str]) -> None:
    """A server's span has its caller's id and its caller's parent; other spans are children as ever."""
    tracer = Tracer(propagators="jaeger,b3multi,b3", one_span_per_rpc=True)
    caller = tracer.extract(Format.HTTP_HEADERS, headers)
    with tracer.start_active_span("server", child_of=caller, tags={"span.kind": "server"}) as scope:
        assert (7, 8, 9) == (scope.span.trace_id, scope.span.span_id, scope.span.parent_id)
        assert 8 == tracer.start_span("child", tags={"span.kind": "server"}).parent_id
    assert 8 == tracer.start_span("not a server", child_of=caller).parent_id


def test_one_span_per_rpc_without_a_known_parent() -> None:
    """A format that does not tell leaves the server's span without one."""
    tracer = Tracer(one_span_per_rpc=True)
    caller = tracer.extract(Format.HTTP_HEADERS, {"traceparent": f"00-{7:032x}-{8:016x}-01"})
    span = tracer.start_span("server", child_of=caller, tags={"span.kind": "server"})
    assert (8, None) == (span.span_id, span.parent_id)
