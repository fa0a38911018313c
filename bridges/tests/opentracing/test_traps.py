"""What libraries written for OpenTracing rely on, though no specification says so; found in their sources."""

from __future__ import annotations

import gc
import inspect
import json
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

import opentracing
import pytest
from opentracing import Format, child_of, follows_from
from opentracing.scope_managers import ThreadLocalScopeManager

from midspan import trace
from midspan.bridges.opentracing import Tracer, _no_parent
from midspan.trace import StatusCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.testing import MemoryExporter


def test_the_tracer_has_no_attribute_called_tracer(tracer: Tracer) -> None:
    """redis-, sqlalchemy- and elasticsearch-opentracing take `_tracer` off whatever has one."""
    assert not hasattr(tracer, "_tracer")


def test_the_tracer_is_truthy(tracer: Tracer) -> None:
    """requests- and django-opentracing write `tracer or opentracing.tracer`."""
    assert bool(tracer) is True


def test_the_tracer_is_not_callable(tracer: Tracer) -> None:
    """flask-, bottle- and sanic-opentracing call what can be called, as a factory."""
    assert not callable(tracer)


def test_the_tracer_is_an_opentracing_tracer(tracer: Tracer) -> None:
    """So are its spans, contexts, scopes and scope manager what OpenTracing calls so."""
    with tracer.start_active_span("x") as scope:
        found = (tracer, scope.span, scope.span.context, scope, tracer.scope_manager)
    kinds = ("Tracer", "Span", "SpanContext", "Scope", "ScopeManager")
    assert [True] * 5 == [isinstance(f, getattr(opentracing, k)) for f, k in zip(found, kinds, strict=True)]


@pytest.mark.parametrize("method", ["start_span", "start_active_span", "inject", "extract"])
def test_the_tracer_takes_what_opentracing_takes(tracer: Tracer, method: str) -> None:
    """By the same names and in the same order; `start_active_span` needs no name."""
    theirs = inspect.signature(getattr(opentracing.Tracer, method)).parameters
    ours = inspect.signature(getattr(Tracer, method)).parameters
    assert list(theirs) == list(ours)


def test_a_tracer_that_wraps_another_need_not_be_constructed(tracer: Tracer) -> None:
    """FlaskTracing and its like inherit from OpenTracing's tracer without calling its constructor."""

    class Wrapper(opentracing.Tracer):
        def __init__(self, tracer: Any) -> None:
            self.tracer = tracer

    span = Wrapper(tracer).tracer.start_span("x")
    assert tracer is span.tracer


def test_spans_have_a_dict(tracer: Tracer) -> None:
    """Libraries count users in `span._ref_count` and assign `span.finish`."""
    span = tracer.start_span("x")
    span._ref_count = 2
    span.finish = lambda: None
    span.finish()
    assert (2, None) == (span._ref_count, span.native.end_ns)


def test_what_is_hung_on_an_active_span_is_found_there(tracer: Tracer) -> None:
    """Even if nobody else holds the span, and even if native code made it current."""
    tracer.start_active_span("x")
    tracer.active_span._mark = 1
    gc.collect()
    assert 1 == tracer.active_span._mark
    with trace.get_tracer("shop").start_as_current_span("native"):
        tracer.active_span._mark = 2
        gc.collect()
        assert 2 == tracer.active_span._mark


def test_scope_span_is_the_span(tracer: Tracer) -> None:
    """The object that was activated, not one that is equal to it."""
    span = tracer.start_span("x")
    with tracer.scope_manager.activate(span, False) as scope:
        assert span is scope.span is tracer.active_span is tracer.scope_manager.active.span


def test_active_is_the_very_scope_that_was_activated(tracer: Tracer, memory: MemoryExporter) -> None:
    """celery-opentracing drops the scope in one signal handler and closes `active` in another."""
    tracer.start_active_span("task")
    tracer.scope_manager.active.close()
    assert (["task"], None) == ([span.name for span in memory.spans], tracer.active_span)


class OwnManager(opentracing.ScopeManager):
    """A scope manager that an application wrote: one stack for all."""

    def __init__(self) -> None:
        self.stack: list[Any] = []

    def activate(self, span: Any, finish_on_close: bool) -> Any:
        """Push."""
        manager = self

        class OwnScope(opentracing.Scope):
            def close(self) -> None:
                manager.stack.remove(self)
                if finish_on_close:
                    self.span.finish()

        self.stack.append(OwnScope(self, span))
        return self.stack[-1]

    @property
    def active(self) -> Any:
        """The top of the stack."""
        return self.stack[-1] if self.stack else None


class Frozen(OwnManager):
    """One that cannot be given other methods, nor can its scopes."""

    __slots__ = ("stack",)

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "stack":
            raise AttributeError(name)
        super().__setattr__(name, value)


@pytest.mark.parametrize("make", [OwnManager, Frozen])
def test_any_scope_manager_is_accepted(make: Any, memory: MemoryExporter) -> None:
    """It decides what is active, and is the tracer's manager by identity and type."""
    tracer = Tracer(make())
    assert make is type(tracer.scope_manager)
    with tracer.start_active_span("outer") as outer:
        assert outer is tracer.scope_manager.active
        with tracer.start_active_span("inner") as inner:
            assert inner.span is tracer.active_span
    assert ["inner", "outer"] == [span.name for span in memory.spans]
    assert outer.span.native.context == inner.span.native.parent


def test_a_scope_manager_activates_positionally() -> None:
    """opentracing-instrumentation calls `activate(span, False)` on the manager itself."""
    tracer = Tracer(ThreadLocalScopeManager())
    span = tracer.start_span("x")
    with tracer.scope_manager.activate(span, False):
        assert span is tracer.active_span
        assert span.native is trace.get_current_span()
    assert not trace.get_current_span().context.is_valid


@pytest.mark.parametrize("format_", [Format.TEXT_MAP, Format.HTTP_HEADERS])
def test_carriers_come_as_title_case_dicts(tracer: Tracer, format_: str) -> None:
    """Frameworks give `Traceparent` and `Baggage`."""
    headers = {"Traceparent": f"00-{7:032x}-{8:016x}-01", "Baggage": "user=ada"}
    context = tracer.extract(format=format_, carrier=headers)
    assert context is not None
    assert (7, 8, {"user": "ada"}) == (context.trace_id, context.span_id, context.baggage)


def test_carriers_hold_what_is_no_header(tracer: Tracer) -> None:
    """django-opentracing passes all of `request.META`, with tuples, files and booleans in it."""
    meta = {"wsgi.version": (1, 0), "wsgi.run-once": False, "x": None, "accept": b"*/*", "n": 5}
    assert tracer.extract(Format.HTTP_HEADERS, meta) is None


def test_carriers_pass_through_json(tracer: Tracer) -> None:
    """celery-opentracing sends its carrier as JSON."""
    carrier: dict[str, str] = {}
    span = tracer.start_span("x").set_baggage_item("user", "ada")
    tracer.inject(span_context=span.context, format=Format.TEXT_MAP, carrier=carrier)
    assert carrier == json.loads(json.dumps(carrier))


def test_a_reference_without_a_context_is_ignored(tracer: Tracer) -> None:
    """`follows_from(extract(...))` where nothing was extracted; the active span is the parent then."""
    for references in ([follows_from(None)], [child_of()], [], None, [None]):
        assert tracer.start_span("x", references=references).native.parent is None
    with tracer.start_active_span("outer") as scope:
        span = tracer.start_span("x", references=[follows_from(None)])
        assert scope.span.native.context == span.native.parent


def test_a_bare_reference_stands_for_a_list(tracer: Tracer) -> None:
    """OpenTracing's own docstring passes one alone."""
    parent = tracer.start_span("parent")
    span = tracer.start_span("x", references=child_of(parent.context))
    assert parent.native.context == span.native.parent


def test_a_reference_to_a_span_counts_as_one_to_its_context(tracer: Tracer) -> None:
    """As `child_of` and inside a reference."""
    parent = tracer.start_span("parent").set_baggage_item("user", "ada")
    spans = [tracer.start_span("x", child_of=parent), tracer.start_span("y", references=[child_of(parent)])]
    assert [parent.span_id] * 2 == [span.native.parent.span_id for span in spans]
    assert ["ada"] * 2 == [span.get_baggage_item("user") for span in spans]


def test_an_operation_without_a_name_works(tracer: Tracer) -> None:
    """opentracing-utils calls `start_span()`."""
    names = [tracer.start_span().native.name, tracer.start_span(operation_name=None).native.name]
    assert ["", "", "5"] == [*names, tracer.start_span(5).native.name]


def test_extract_from_nothing_gives_none(tracer: Tracer) -> None:
    """Callers write `child_of=tracer.extract(...)` without asking."""
    assert tracer.extract(Format.TEXT_MAP, {}) is None


def test_no_parent_scope_is_honoured(tracer: Tracer) -> None:
    """In the block nothing is active, for OpenTracing and for native code; what is started there is."""
    managers = pytest.importorskip("opentracing.scope_managers.contextvars")
    with tracer.start_active_span("outer") as outer:
        with managers.no_parent_scope():
            assert tracer.scope_manager.active is None
            with trace.get_tracer("shop").start_as_current_span("root") as root:
                inner = tracer.start_span("inner")
            with tracer.start_active_span("other") as other, managers.no_parent_scope():
                assert tracer.active_span is None
            assert other.span.native.parent is None
        assert outer is tracer.scope_manager.active
    assert (None, root.context) == (root.parent, inner.native.parent)


def test_no_parent_scope_is_given_back(memory: MemoryExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last native scope manager is gone, OpenTracing's variable is its own again."""
    managers = pytest.importorskip("opentracing.scope_managers.contextvars")
    # Managers of other tests may still be about, in a frame or a cycle that nobody has looked at yet.
    monkeypatch.setattr(_no_parent, "_managers", set())
    gc.collect()
    tracer = Tracer()
    replaced = type(managers._SCOPE).__name__
    del tracer
    gc.collect()
    assert ("_Variable", "ContextVar") == (replaced, type(managers._SCOPE).__name__)


def test_every_method_chains(tracer: Tracer) -> None:
    """`span.set_operation_name(..).set_tag(..)`: each returns the span."""
    span = tracer.start_span("x")
    assert span is span.set_operation_name("y").set_tag("a", 1).set_tag("error", True).log_kv(
        {}
    ).set_baggage_item("k", "v")
    assert "y" == span.native.name


def test_spans_are_truthy(tracer: Tracer) -> None:
    """opentracing-utils looks for spans among all arguments, and writes `span or ...`."""
    assert bool(tracer.start_span("x")) is True


def test_finishing_twice_is_silent(
    tracer: Tracer, memory: MemoryExporter, caplog: pytest.LogCaptureFixture
) -> None:
    """`with span:` and `finish()` inside: one span, and no complaint (the pipeline is strict here)."""
    with tracer.start_span("x") as span, caplog.at_level(logging.DEBUG, "midspan"):
        span.finish()
    span.finish()
    assert (1, []) == (len(memory.spans), caplog.messages)


def test_ids_are_integers(tracer: Tracer) -> None:
    """signalfx' tornado instrumentation formats `span.context.trace_id` with "{:016x}"."""
    span = tracer.start_span("x")
    native = span.native.context
    assert (native.trace_id, native.span_id) == (span.context.trace_id, span.context.span_id)
    assert (native.trace_id, native.span_id) == (span.trace_id, span.span_id)


def test_an_error_as_a_text_is_an_error(tracer: Tracer) -> None:
    """sqlalchemy- and elasticsearch-opentracing set `error` to "true"."""
    assert StatusCode.ERROR is tracer.start_span("x").set_tag("error", "true").native.status.code


def test_with_span_logs_an_exception_in_every_version(tracer: Tracer, memory: MemoryExporter) -> None:
    """OpenTracing 2.0's own block neither set the tag nor called the event an error."""
    with pytest.raises(ValueError, match="no"), tracer.start_span("x"):
        raise ValueError("no")
    (span,) = memory.spans
    assert (StatusCode.ERROR, ["exception"]) == (span.status.code, [event.name for event in span.events])


def broken_values() -> Iterator[tuple[str, Any]]:
    """Yield arguments that are of no use, each with the name of the parameter."""
    yield "child_of", object()
    yield "child_of", 5
    yield "references", 5
    yield "references", [object()]
    yield "tags", 5
    yield "tags", {None: 1, "": 2, "ok": 3}
    yield "start_time", "yesterday"
    yield "start_time", float("nan")
    yield "start_time", -1
    yield "operation_name", b"bytes"


@pytest.mark.parametrize(("name", "value"), list(broken_values()))
def test_a_useless_argument_does_no_harm(name: str, value: Any) -> None:
    """Telemetry never raises into the application: the span is started without what cannot be."""
    from midspan import sdk

    sdk.configure(exporters=[], environment={})
    with Tracer().start_active_span(**{"operation_name": "x", name: value}) as scope:
        assert scope.span.native.is_recording()


def test_a_useless_log_does_no_harm(tracer: Tracer) -> None:
    """Neither pairs that are none, nor a time that is none."""
    from midspan import sdk

    sdk.configure(exporters=[], environment={})
    span = Tracer().start_span("x")
    assert span is span.log_kv(None).log_kv({"event": "e"}, timestamp="now").log_kv({5: 6, None: 7})
    assert ["log", "e", "log"] == [event.name for event in span.native.events]


@pytest.mark.parametrize("key", [None, 5, ["list"], b"bytes", ""])
def test_a_useless_key_does_no_harm(key: Any) -> None:
    """Whatever a tag, a baggage item or a log is called."""
    from midspan import sdk

    sdk.configure(exporters=[], environment={})
    span = Tracer().start_span("x")
    assert span is span.set_tag(key, 1).set_tag(key, None).set_baggage_item(key, "v")


class Hostile:
    """A value of which every attribute raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_hostile_objects_do_no_harm(tracer: Tracer) -> None:
    """As a tag, a log, a parent, a reference, or a context to inject."""
    from midspan import sdk

    sdk.configure(exporters=[], environment={})
    tracer = Tracer()
    hostile = Hostile()
    span = tracer.start_span("x", child_of=hostile, tags={"a": hostile}).set_tag("b", hostile)
    span.log_kv({"event": hostile, "c": hostile}).set_baggage_item("d", hostile)
    tracer.start_span("y", references=[child_of(hostile)])
    tracer.inject(hostile, Format.TEXT_MAP, {})
    with tracer.scope_manager.activate(hostile, False) as scope:
        assert hostile is scope.span


def test_native_spans_and_contexts_are_taken_as_well(tracer: Tracer, memory: MemoryExporter) -> None:
    """Code that is half migrated passes them on: as a parent, to inject, to activate."""
    native = trace.get_tracer("shop").start_span("native")
    parents = [tracer.start_span("x", child_of=each).native.parent for each in (native, native.context)]
    assert [native.context] * 2 == parents
    headers: dict[str, str] = {}
    tracer.inject(native.context, Format.TEXT_MAP, headers)
    assert f"{native.context.span_id:016x}" in headers["traceparent"]
    with tracer.scope_manager.activate(native, True) as scope:
        assert native is scope.span.native is trace.get_current_span()
    assert ["native"] == [span.name for span in memory.spans]


def test_a_queued_span_keeps_no_view_alive(tracer: Tracer, memory: MemoryExporter) -> None:
    """Nor is there a cycle that would wait for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        views = []
        with tracer.start_active_span("active") as scope:
            views.append(weakref.ref(scope.span))
            views.append(weakref.ref(scope))
            assert scope.span.native.is_recording()
        del scope
        span = tracer.start_span("not active")
        assert span.native is not span
        views.append(weakref.ref(span))
        span.finish()
        del span
        with trace.get_tracer("shop").start_as_current_span("native"):
            views.append(weakref.ref(tracer.active_span))
            views.append(weakref.ref(tracer.scope_manager.active))
        assert [None] * 5 == [view() for view in views]
        assert 3 == len(memory.spans)
    finally:
        gc.enable()


def test_tasks_that_follow_one_another_keep_nothing_of_the_first(tracer: Tracer) -> None:
    """A callback that schedules itself in its scope runs for ever; its scopes are not chained."""
    import contextvars

    seen = []
    copy = contextvars.copy_context()

    def callback() -> contextvars.Context:
        with tracer.start_active_span("x") as scope:
            seen.append(weakref.ref(scope))
            return contextvars.copy_context()

    for _ in range(5):
        copy = copy.run(callback)
    gc.collect()
    assert [None] * 3 == [scope() for scope in seen[:3]]


def test_spans_cross_threads(tracer: Tracer, memory: MemoryExporter) -> None:
    """A span may be finished, and a scope closed, in another thread; here it is active no longer."""
    scope = tracer.start_active_span("x")
    thread = threading.Thread(target=scope.close)
    thread.start()
    thread.join()
    assert (["x"], None) == ([span.name for span in memory.spans], tracer.active_span)
