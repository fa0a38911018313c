"""A service that records nothing hands on what it was handed."""

from __future__ import annotations

import pytest

from midspan import context as _context
from midspan import propagation, trace

IDS = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


@pytest.mark.parametrize("with_span", [False, True], ids=["without a span", "through an unconfigured tracer"])
@pytest.mark.parametrize(
    ("names", "headers"),
    [
        (
            ["tracecontext", "baggage"],
            {
                "traceparent": f"00-{'-'.join(IDS)}-03",
                "tracestate": "a=1,b@c=in side",
                "baggage": "k=v;ttl=30;private,k2=%20x",
            },
        ),
        (["tracecontext", "baggage"], {"traceparent": f"00-{'-'.join(IDS)}-00", "tracestate": "a=1,a=2"}),
        (["tracecontext", "baggage"], {"baggage": "k=v"}),
        (["b3"], {"b3": f"{'-'.join(IDS)}-1"}),
        (["b3"], {"b3": f"{'-'.join(IDS)}-0"}),
        (["b3"], {"b3": f"{'-'.join(IDS)}-d"}),
        (["b3"], {"b3": "-".join(IDS)}),
        (["b3"], {"b3": "0"}),
        (["b3"], {"b3": "d"}),
        (["b3multi"], {"x-b3-traceid": IDS[0], "x-b3-spanid": IDS[1], "x-b3-flags": "1"}),
        (["jaeger"], {"uber-trace-id": f"{':'.join(IDS)}:0:3", "uberctx-k": "a%20b"}),
        (["jaeger"], {"uber-trace-id": f"{':'.join(IDS)}:0:0"}),
        (["jaeger"], {"jaeger-debug-id": "find-me"}),
        (["xray"], {"x-amzn-trace-id": f"Root=1-{IDS[0][:8]}-{IDS[0][8:]};Parent={IDS[1]};Sampled=?"}),
        (["datadog"], {"x-datadog-trace-id": "5", "x-datadog-parent-id": "6"}),
        (["opencensus-binary"], {"grpc-trace-bin": bytes.fromhex(f"0000{IDS[0]}01{IDS[1]}0201")}),
        (
            ["tracecontext", "b3", "jaeger"],
            {
                "traceparent": f"00-{'-'.join(IDS)}-01",
                "b3": f"{'-'.join(IDS)}-1",
                "uber-trace-id": f"{':'.join(IDS)}:0:1",
            },
        ),
    ],
)
def test_what_came_goes_out_unchanged(names, headers, with_span):
    """Ids, flags, the debug flag, vendor data and baggage: nothing is lost where nothing is configured."""
    propagation.set_global(propagation.by_name(names))
    sent = {}
    with _context.attached(propagation.extract(headers)):
        if with_span:
            with trace.get_tracer("test").start_as_current_span("handle"):
                propagation.inject(sent)
        else:
            propagation.inject(sent)
    assert headers == sent


def test_an_unsampled_trace_is_continued(tracer):
    """A child that is not recorded carries the trace on, under an id of its own."""
    headers = {"traceparent": f"00-{'-'.join(IDS)}-02", "tracestate": "a=1", "baggage": "k=v"}
    sent = {}
    with (
        _context.attached(propagation.extract(headers)),
        tracer.start_as_current_span("handle") as span,
    ):
        propagation.inject(sent)
    expected = {
        "traceparent": f"00-{IDS[0]}-{span.context.span_id:016x}-02",
        "tracestate": "a=1",
        "baggage": "k=v",
    }
    assert (expected, False) == (sent, f"{span.context.span_id:016x}" == IDS[1])


def test_a_debug_trace_stays_one(tracer):
    """What a caller demanded of this service it demands of the next."""
    propagation.set_global(propagation.by_name(["b3"]))
    sent = {}
    with (
        _context.attached(propagation.extract({"b3": f"{'-'.join(IDS)}-d"})),
        tracer.start_as_current_span("handle") as span,
    ):
        propagation.inject(sent)
    assert f"{IDS[0]}-{span.context.span_id:016x}-d" == sent["b3"]


def test_suppressed_work_sends_no_trace(tracer):
    """What an exporter sends must not become a part of what it exports."""
    sent = {}
    with tracer.start_as_current_span("work"), trace.suppressed():
        propagation.inject(sent)
    assert {} == sent
