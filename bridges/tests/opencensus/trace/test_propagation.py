"""Legacy propagators and log correlation tell the truth, inside native spans too."""

from __future__ import annotations

import logging

import pytest
from opencensus.log import TraceLoggingAdapter, get_log_attrs
from opencensus.trace import execution_context, samplers
from opencensus.trace.propagation.b3_format import B3FormatPropagator
from opencensus.trace.propagation.binary_format import BinaryFormatPropagator
from opencensus.trace.propagation.google_cloud_format import GoogleCloudFormatPropagator
from opencensus.trace.propagation.text_format import TextFormatPropagator
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator
from opencensus.trace.span_context import SpanContext
from opencensus.trace.trace_options import TraceOptions
from opencensus.trace.tracer import Tracer
from opencensus.trace.tracestate import Tracestate

from midspan import context, propagation, trace

native_tracer = trace.get_tracer("native")


def _ids(native: trace.Span) -> tuple[str, str]:
    return f"{native.context.trace_id:032x}", f"{native.context.span_id:016x}"


def _sent_w3c(given):
    return TraceContextPropagator().to_headers(given)["traceparent"][3:52]


def _sent_b3(given):
    headers = B3FormatPropagator().to_headers(given)
    return f"{headers['x-b3-traceid']}-{headers['x-b3-spanid']}"


def _sent_cloud(given):
    trace_id, _, rest = GoogleCloudFormatPropagator().to_header(given).partition("/")
    return f"{trace_id}-{int(rest.partition(';')[0]):016x}"


def _sent_text(given):
    carrier = TextFormatPropagator().to_carrier(given, {})
    return f"{carrier['opencensus-trace-traceid']}-{carrier['opencensus-trace-spanid']}"


def _sent_binary(given):
    sent = BinaryFormatPropagator().to_header(given).hex()
    return f"{sent[4:36]}-{sent[38:54]}"


SENT = [_sent_w3c, _sent_b3, _sent_cloud, _sent_text, _sent_binary]


@pytest.mark.parametrize("sent", SENT)
def test_legacy_propagators_send_the_true_ids(tracer, sent):
    """Each of OpenCensus's formats carries what is current, at each step of a nesting."""
    with tracer.span("legacy") as outer:
        assert sent(tracer.span_context) == f"{outer._native.context.trace_id:032x}-{outer.span_id}"
        with native_tracer.start_as_current_span("native") as native:
            assert sent(tracer.span_context) == "-".join(_ids(native))
            with tracer.span("inner") as inner:
                assert sent(tracer.span_context) == f"{_ids(native)[0]}-{inner.span_id}"
            assert sent(tracer.tracer.span_context) == "-".join(_ids(native))
        assert sent(tracer.span_context).endswith(outer.span_id)


def test_log_correlation(tracer):
    """Log records name the span that is current, native ones too."""
    assert get_log_attrs().span_id == "0" * 16
    with tracer.span("legacy") as span:
        assert (span.span_id, True) == get_log_attrs()[1:]
        with native_tracer.start_as_current_span("native") as native:
            assert (*_ids(native), True) == get_log_attrs()


def test_log_records(tracer, caplog):
    """OpenCensus's logging adapter writes them."""
    adapter = TraceLoggingAdapter(logging.getLogger("shop"), {})
    with caplog.at_level(logging.INFO), native_tracer.start_as_current_span("native") as native:
        adapter.info("charged")
    record = caplog.records[0]
    assert (*_ids(native), True) == (record.traceId, record.spanId, record.traceSampled)


def test_log_correlation_without_a_tracer():
    """Where OpenCensus has no tracer at all, its log records name the native span."""
    assert execution_context.get_opencensus_tracer() is execution_context._tracer_slot.default()
    with native_tracer.start_as_current_span("native") as native:
        assert (*_ids(native), True) == get_log_attrs()


def test_unsampled_in_logs(unsampled):
    """Log records of an unsampled span say so."""
    with unsampled.span("a") as span:
        assert (span.span_id, False) == get_log_attrs()[1:]


def test_native_propagators_send_legacy_spans(tracer):
    """Native propagation inside an OpenCensus span carries its ids."""
    carrier = {}
    with tracer.span("legacy") as span:
        propagation.inject(carrier)
        assert carrier["traceparent"] == f"00-{tracer.span_context.trace_id}-{span.span_id}-01"


def test_native_extraction_is_the_parent_of_legacy_spans(tracer, spans):
    """A caller that native code extracted is the parent of the spans inside."""
    caller = propagation.extract({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    with context.attached(caller):
        assert tracer.current_span() is None
        with tracer.span("a") as span:
            assert span.parent_span.span_id == "b" * 16
    native = spans()["a"]
    assert (int("a" * 32, 16), int("b" * 16, 16)) == (native.context.trace_id, native.parent.span_id)


def test_legacy_extraction_is_the_parent_of_native_spans(spans):
    """A caller that OpenCensus extracted is above the native spans inside."""
    caller = TraceContextPropagator().from_headers({"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
    tracer = Tracer(caller, sampler=samplers.AlwaysOnSampler())
    with tracer.span("legacy"), native_tracer.start_as_current_span("native"):
        pass
    assert spans()["native"].context.trace_id == int("a" * 32, 16)
    assert spans()["legacy"].parent.span_id == int("b" * 16, 16)


def test_tracestate(spans):
    """The trace state of a caller travels through both kinds of spans, and out again."""
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "shop=1,other=2"}
    caller = TraceContextPropagator().from_headers(headers)
    assert isinstance(caller.tracestate, Tracestate)
    tracer = Tracer(caller, sampler=samplers.AlwaysOnSampler())
    with tracer.span("legacy"), native_tracer.start_as_current_span("native"):
        sent = TraceContextPropagator().to_headers(tracer.span_context)
    assert (sent["tracestate"], spans()["native"].context.trace_state.to_header()) == (
        "shop=1,other=2",
        "shop=1,other=2",
    )


def test_baggage_passes_through(tracer):
    """Native baggage is there inside OpenCensus's spans, and native spans inside those."""
    caller = context.EMPTY.with_baggage({"user": "7"})
    with context.attached(caller), tracer.span("a"), native_tracer.start_as_current_span("b"):
        assert {"user": "7"} == dict(context.current().baggage)


def test_what_is_read_is_not_what_is_stored(tracer):
    """A span context that was read stays as it was; the application's own object is never written over."""
    given = SpanContext(trace_id="a" * 32)
    tracer = Tracer(given, sampler=samplers.AlwaysOnSampler())
    with tracer.span("a"):
        read = tracer.span_context
        with tracer.span("b") as inner:
            assert read.span_id != inner.span_id
    assert ("a" * 32, None) == (given.trace_id, given.span_id)


@pytest.mark.parametrize(("flags", "enabled"), [("0a", False), ("ff", True), ("0b", True), ("00", False)])
def test_flags_in_hexadecimal(flags, enabled):
    """A traceparent whose flags have letters is read; OpenCensus alone raises."""
    caller = TraceContextPropagator().from_headers({"traceparent": f"00-{'a' * 32}-{'b' * 16}-{flags}"})
    assert ("a" * 32, enabled) == (caller.trace_id, caller.trace_options.get_enabled())


@pytest.mark.parametrize(("option", "enabled"), [("0", False), ("1", True), ("2", False), ("3", True)])
def test_text_option_zero(option, enabled):
    """The text format's option 0 is not sampled; OpenCensus alone reads it as sampled."""
    carrier = {
        "OpenCensus-Trace-TraceId": "a" * 32,
        "opencensus-trace-spanid": "b" * 16,
        "opencensus-trace-traceoptions": option,
    }
    caller = TextFormatPropagator().from_carrier(carrier)
    assert ("a" * 32, "b" * 16, enabled) == (
        caller.trace_id,
        caller.span_id,
        caller.trace_options.get_enabled(),
    )


@pytest.mark.parametrize(
    ("before", "value", "after"), [("255", False, "254"), ("254", True, "255"), ("1", False, "0")]
)
def test_options_keep_their_other_bits(before, value, after):
    """Switching the sampled bit leaves the other bits alone; OpenCensus alone changes a decimal digit."""
    options = TraceOptions(before)
    options.set_enabled(value)
    assert (after, value) == (options.trace_options_byte, options.enabled)
