"""OpenCensus's exporters beside the pipeline, in place of it, and in front of it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencensus.common.transports.sync import SyncTransport
from opencensus.trace import base_exporter, execution_context, print_exporter, samplers, time_event
from opencensus.trace import link as oc_link
from opencensus.trace import span as oc_span
from opencensus.trace import status as oc_status
from opencensus.trace.file_exporter import FileExporter
from opencensus.trace.span_data import SpanData, format_legacy_trace_json
from opencensus.trace.tracer import Tracer

from midspan import sdk, testing, trace
from midspan.bridges import opencensus as bridge

_MOMENT = dt.datetime(2020, 1, 31, 12)  # noqa: DTZ001 - OpenCensus's are naive


def _fill(tracer):
    with tracer.span("outer") as outer:
        outer.span_kind = oc_span.SpanKind.SERVER
        with tracer.span("inner") as inner:
            inner.add_attribute("k", "v")
            inner.add_annotation("note", n=1)
            inner.add_message_event(time_event.MessageEvent(_MOMENT, "7", type=2, uncompressed_size_bytes=3))
            inner.add_link(oc_link.Link("1" * 32, "2" * 16, oc_link.Type.CHILD_LINKED_SPAN, {"l": 1}))
            inner.set_status(oc_status.Status(5, "gone"))


def test_tee(tracer, kept, memory):
    """An exporter that the application gave goes on being fed, with span data as before."""
    _fill(tracer)
    assert [span.name for span in memory.spans] == [data.name for data in kept.spans]
    inner, outer = kept.spans
    assert isinstance(inner, SpanData)
    assert (outer.span_id, {"k": "v"}, 5) == (
        inner.parent_span_id,
        dict(inner.attributes),
        inner.status.code,
    )
    assert (None, oc_span.SpanKind.SERVER) == (outer.parent_span_id, outer.span_kind)


def test_tee_sends_the_true_ids(tracer, kept, spans):
    """Under a native span, the exporter gets the trace that the span is in, for good."""
    with trace.get_tracer("t").start_as_current_span("native"), tracer.span("legacy"):
        pass
    native = spans()["legacy"]
    data = kept.spans[0]
    assert (f"{native.context.trace_id:032x}", f"{spans()['native'].context.span_id:016x}") == (
        data.context.trace_id,
        data.parent_span_id,
    )
    assert data.context.trace_options.get_enabled()


def test_replace(kept, memory):
    """In place of the application's exporters, only the pipeline is fed."""
    bridge.install(legacy_exporters="replace")
    _fill(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=kept))
    assert ([], 2) == (kept.spans, len(memory.spans))


def test_changed_while_installed(tracer, kept):
    """A second `install` changes the choice, for tracers that exist too."""
    bridge.install("replace")
    _fill(tracer)
    bridge.install("tee")
    _fill(tracer)
    assert len(kept.spans) == 2


def test_unknown_choice():
    """What is neither of the two is refused with what would be right."""
    with pytest.raises(ValueError, match="'tee' or 'replace'"):
        bridge.install("both")


def test_printing_by_default_is_silent(capsys, memory):
    """The exporter that OpenCensus takes for want of another prints nothing."""
    tracer = Tracer(sampler=samplers.AlwaysOnSampler())
    assert type(tracer.exporter) is print_exporter.PrintExporter
    _fill(tracer)
    assert ("", 2) == (capsys.readouterr().out, len(memory.spans))


def test_printing_on_demand(capsys):
    """A printing exporter that the application made prints."""
    _fill(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=print_exporter.PrintExporter()))
    assert "inner" in capsys.readouterr().out


def test_file_exporter(tmp_path):
    """OpenCensus's own file exporter writes what it wrote."""
    path = tmp_path / "spans.json"
    _fill(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=FileExporter(str(path), SyncTransport)))
    assert '"value": "outer"' in path.read_text()


def test_an_exporter_with_slots():
    """An exporter without a `__dict__` is fed like any other."""

    class Slotted:
        __slots__ = ("names",)

        def __init__(self):
            self.names = []

        def export(self, span_datas):
            self.names += [data.name for data in span_datas]

    exporter = Slotted()
    _fill(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter))
    assert ["inner", "outer"] == exporter.names


def test_a_failing_exporter_harms_nobody(memory):
    """What a legacy exporter raises is counted and said, and the span ends."""

    class Failing(base_exporter.Exporter):
        def export(self, span_datas):
            raise OSError("unreachable")

    pipeline = sdk.configure(exporters=[memory], strict=False, environment={})
    with Tracer(sampler=samplers.AlwaysOnSampler(), exporter=Failing()).span("a"):
        pass
    assert pipeline.force_flush(5)
    assert ["a"] == [span.name for span in memory.spans]
    assert trace.get_current_span() is trace.NOOP_SPAN


@pytest.fixture
def _uninstalled(memory):
    bridge.uninstall()


@pytest.mark.usefixtures("_uninstalled")
def test_patch_free(spans):
    """The bridge's exporter feeds the pipeline from OpenCensus as it is."""
    tracer = Tracer(sampler=samplers.AlwaysOnSampler(), exporter=bridge.Exporter())
    trace_id = tracer.span_context.trace_id
    _fill(tracer)
    outer, inner = spans()["outer"], spans()["inner"]
    assert (int(trace_id, 16), outer.context.span_id) == (inner.context.trace_id, inner.parent.span_id)
    assert ({"k": "v", "opencensus.status_code": 5}, trace.SpanKind.SERVER) == (inner.attributes, outer.kind)
    assert trace.Status(trace.StatusCode.ERROR, "gone") == inner.status
    assert ["note", "message"] == [event.name for event in inner.events]
    assert trace.Status() == outer.status
    assert outer.start_ns <= inner.start_ns <= inner.end_ns <= outer.end_ns
    assert inner.scope.name == "midspan.bridges.opencensus"


@pytest.mark.usefixtures("_uninstalled")
def test_patch_free_whatever_the_pipelines_sampler(memory):
    """OpenCensus's sampler has decided; the pipeline's is not asked."""
    sdk.configure(exporters=[memory], sampler="always_off", strict=True, environment={})
    _fill(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=bridge.Exporter()))
    assert ["inner", "outer"] == [span.name for span in memory.spans]


@pytest.mark.usefixtures("_uninstalled")
def test_patch_free_remote_parent(spans):
    """A caller's span is the parent of the root."""
    from opencensus.trace.span_context import SpanContext

    caller = SpanContext("a" * 32, "b" * 16)
    with Tracer(caller, samplers.AlwaysOnSampler(), bridge.Exporter()).span("a"):
        pass
    assert (int("a" * 32, 16), int("b" * 16, 16)) == (
        spans()["a"].context.trace_id,
        spans()["a"].parent.span_id,
    )


def test_patch_free_refuses_what_is_no_span(memory):
    """Span data without ids is dropped, counted and said."""
    sdk.configure(exporters=[memory], strict=False, environment={})
    bridge.Exporter().export([object()])
    assert [] == memory.spans


class _Vendor(base_exporter.Exporter):
    """An exporter that exists for OpenCensus only."""

    def __init__(self):
        self.batches = []
        self.flags = []

    def emit(self, span_datas):
        self.batches.append(span_datas)
        self.flags.append(execution_context.is_exporter())


def _exported(vendor, run):
    pipeline = sdk.configure(exporters=[bridge.LegacyExporter(vendor)], strict=True, environment={})
    run(pipeline)
    assert pipeline.force_flush(5)
    return [data for batch in vendor.batches for data in batch]


def test_legacy_exporter():
    """Native spans reach an exporter of OpenCensus's as span data, under its own flag."""
    vendor = _Vendor()

    def run(pipeline):
        tracer = trace.get_tracer("t")
        with tracer.start_as_current_span("outer", kind=trace.SpanKind.CLIENT) as span:
            span.set_attribute("list", ["a"])
            span.add_event("note", {"n": 1})
            with pytest.raises(ValueError, match="no"), tracer.start_as_current_span("inner"):
                raise ValueError("no")

    inner, outer = _exported(vendor, run)
    assert (outer.span_id, 2, "ValueError: no") == (
        inner.parent_span_id,
        inner.status.code,
        inner.status.message,
    )
    assert ("outer", oc_span.SpanKind.CLIENT, {"list": "('a',)"}) == (
        outer.name,
        outer.span_kind,
        outer.attributes,
    )
    assert ["note"] == [each.description for each in outer.annotations]
    assert [True] == vendor.flags
    assert not execution_context.is_exporter()
    assert {"traceId", "spans"} == format_legacy_trace_json([inner, outer]).keys()


def test_legacy_exporter_with_export_only(kept):
    """An exporter that has only `export` is fed by that."""

    class Exports(base_exporter.Exporter):
        def export(self, span_datas):
            kept.export(span_datas)

    exporter = bridge.LegacyExporter(Exports())
    pipeline = sdk.configure(exporters=[exporter], strict=True, environment={})
    with trace.get_tracer("t").start_as_current_span("a"):
        pass
    assert pipeline.force_flush(5)
    assert pipeline.shutdown(5)
    assert ["a"] == [data.name for data in kept.spans]


def test_legacy_exporter_of_something_else():
    """What is no exporter is refused at once."""
    with pytest.raises(TypeError, match="no OpenCensus exporter"):
        bridge.LegacyExporter(object())


def test_there_and_back(tracer, kept):
    """What OpenCensus code made is, after the pipeline, what OpenCensus's exporter would have got."""
    vendor = _Vendor()
    after = _exported(vendor, lambda _: _fill(tracer))
    for before, back in zip(kept.spans, after, strict=True):
        for name in ("name", "span_id", "parent_span_id", "start_time", "end_time", "span_kind"):
            assert getattr(before, name) == getattr(back, name), name
        assert dict(before.attributes) == back.attributes
        assert (before.status.code, before.status.message) == (back.status.code, back.status.message)
        for name in ("annotations", "message_events", "links"):
            assert [_plain(each) for each in getattr(before, name)] == [
                _plain(each) for each in getattr(back, name)
            ]


def _plain(value):
    shown = {key: each for key, each in vars(value).items() if key != "timestamp_ns"}
    shown["attributes"] = getattr(shown.get("attributes"), "attributes", shown.get("attributes"))
    shown["timestamp"] = getattr(value, "timestamp", None)
    return shown


@given(
    attributes=st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.text(max_size=8) | st.booleans() | st.integers(-99, 99),
        max_size=5,
    ),
    code=st.integers(0, 16),
    message=st.text(min_size=1, max_size=8),
    kind=st.sampled_from([0, 1, 2]),
)
def test_both_ways_give_the_same(attributes, code, message, kind):
    """The patched and the patch-free way make the same span of the same calls, but for an OK that was set."""

    def run(tracer):
        with tracer.span("a") as span:
            span.span_kind = kind
            for key, value in attributes.items():
                span.add_attribute(key, value)
            span.set_status(oc_status.Status(code, message))

    made = []
    for is_patched in (True, False):
        memory = testing.MemoryExporter()
        sdk.configure(exporters=[memory], strict=True, environment={})
        bridge.install() if is_patched else bridge.uninstall()
        exporter = None if is_patched else bridge.Exporter()
        run(Tracer(sampler=samplers.AlwaysOnSampler(), exporter=exporter))
        made.append(memory.spans[0])
    patched, free = made
    assert (patched.name, patched.kind, patched.attributes) == (free.name, free.kind, free.attributes)
    expected = trace.Status(trace.StatusCode.OK) if code == 0 else free.status
    assert expected == patched.status
