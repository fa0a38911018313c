"""OT, X-Ray, Google Cloud, OpenCensus and Datadog: what each writes, what it reads, what it ignores."""

from __future__ import annotations

import pytest

from midspan import context as _context
from midspan.context import Context
from midspan.propagation import opencensus_binary
from midspan.propagation.cloudtrace import CloudTrace
from midspan.propagation.datadog import Datadog
from midspan.propagation.opencensus_binary import OpenCensusBinary
from midspan.propagation.opencensus_text import OpenCensusText
from midspan.propagation.ot import OT
from midspan.propagation.xray import XRay
from midspan.trace import INVALID, NOOP_SPAN, NonRecordingSpan, SpanContext, TraceFlags

TRACE_ID = 0x4BF92F3577B34DA6A3CE929D0E0E4736
SPAN_ID = 0x00F067AA0BA902B7
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
LOW = 0xA3CE929D0E0E4736
DEFERRED = TraceFlags.DEFERRED
ROOT = "1-4bf92f35-77b34da6a3ce929d0e0e4736"
OC = {"opencensus-trace-traceid": TRACE, "opencensus-trace-spanid": SPAN}
DD = {"x-datadog-trace-id": str(LOW), "x-datadog-parent-id": str(SPAN_ID)}
TID = "_dd.p.tid=4bf92f3577b34da6"
BINARY = bytes.fromhex(f"0000{TRACE}01{SPAN}02")
OTHERS = [OT(), XRay(), CloudTrace(), OpenCensusText(), OpenCensusBinary(), Datadog()]


@pytest.mark.parametrize(
    ("propagator", "identity", "headers"),
    [
        (OT(), {}, {"ot-tracer-traceid": TRACE[16:], "ot-tracer-spanid": SPAN, "ot-tracer-sampled": "true"}),
        (
            OT(),
            {"flags": 0},
            {"ot-tracer-traceid": TRACE[16:], "ot-tracer-spanid": SPAN, "ot-tracer-sampled": "false"},
        ),
        (XRay(), {}, {"x-amzn-trace-id": f"Root={ROOT};Parent={SPAN};Sampled=1"}),
        (XRay(), {"flags": 0}, {"x-amzn-trace-id": f"Root={ROOT};Parent={SPAN};Sampled=0"}),
        (XRay(), {"flags": DEFERRED}, {"x-amzn-trace-id": f"Root={ROOT};Parent={SPAN};Sampled=?"}),
        (CloudTrace(), {}, {"x-cloud-trace-context": f"{TRACE}/{SPAN_ID};o=1"}),
        (CloudTrace(), {"flags": 0}, {"x-cloud-trace-context": f"{TRACE}/{SPAN_ID};o=0"}),
        (CloudTrace(), {"flags": DEFERRED}, {"x-cloud-trace-context": f"{TRACE}/{SPAN_ID}"}),
        (OpenCensusText(), {}, {**OC, "opencensus-trace-traceoptions": "1"}),
        (OpenCensusText(), {"flags": 0}, {**OC, "opencensus-trace-traceoptions": "0"}),
        (OpenCensusBinary(), {}, {"grpc-trace-bin": BINARY + b"\x01"}),
        (OpenCensusBinary(), {"flags": 2}, {"grpc-trace-bin": BINARY + b"\x00"}),
        (Datadog(), {}, {**DD, "x-datadog-sampling-priority": "1", "x-datadog-tags": TID}),
        (Datadog(), {"flags": 0}, {**DD, "x-datadog-sampling-priority": "0", "x-datadog-tags": TID}),
        (Datadog(), {"debug": True}, {**DD, "x-datadog-sampling-priority": "2", "x-datadog-tags": TID}),
        (Datadog(), {"flags": DEFERRED}, {**DD, "x-datadog-tags": TID}),
        (Datadog(), {"trace_id": LOW}, {**DD, "x-datadog-sampling-priority": "1"}),
    ],
)
def test_what_is_written(injected, propagator, identity, headers):
    """Each format in its own words."""
    assert headers == injected(propagator, **identity)


@pytest.mark.parametrize(
    ("propagator", "headers", "expected"),
    [
        (
            OT(),
            {"Ot-Tracer-TraceId": TRACE, "Ot-Tracer-SpanId": SPAN, "Ot-Tracer-Sampled": "true"},
            (TRACE_ID, SPAN_ID, 1),
        ),
        (
            OT(),
            {"ot-tracer-traceid": "ab", "ot-tracer-spanid": "c", "ot-tracer-sampled": "0"},
            (0xAB, 0xC, 0),
        ),
        (OT(), {"ot-tracer-traceid": "ab", "ot-tracer-spanid": "c"}, (0xAB, 0xC, DEFERRED)),
        (XRay(), {"X-Amzn-Trace-Id": f"Root={ROOT};Parent={SPAN};Sampled=1"}, (TRACE_ID, SPAN_ID, 1)),
        (XRay(), {"x-amzn-trace-id": f"Sampled=0;Parent={SPAN};Root={ROOT}"}, (TRACE_ID, SPAN_ID, 0)),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT};Parent={SPAN};Sampled=?"}, (TRACE_ID, SPAN_ID, DEFERRED)),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT};Parent={SPAN}"}, (TRACE_ID, SPAN_ID, DEFERRED)),
        (
            XRay(),
            {"x-amzn-trace-id": f"Self=1-2-3; Root={ROOT} ;Parent={SPAN};Sampled=1;Lineage=a:1|b:2;x=y=z;q"},
            (TRACE_ID, SPAN_ID, 1),
        ),
        (CloudTrace(), {"X-Cloud-Trace-Context": f"{TRACE}/{SPAN_ID};o=1"}, (TRACE_ID, SPAN_ID, 1)),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/{SPAN_ID};o=2"}, (TRACE_ID, SPAN_ID, 0)),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/{SPAN_ID}"}, (TRACE_ID, SPAN_ID, DEFERRED)),
        (OpenCensusText(), {**OC, "opencensus-trace-traceoptions": "1"}, (TRACE_ID, SPAN_ID, 1)),
        (OpenCensusText(), {**OC, "opencensus-trace-traceoptions": "0"}, (TRACE_ID, SPAN_ID, 0)),
        (OpenCensusText(), {**OC, "opencensus-trace-traceoptions": "255"}, (TRACE_ID, SPAN_ID, 1)),
        (OpenCensusText(), {**OC, "opencensus-trace-traceoptions": "x"}, (TRACE_ID, SPAN_ID, 0)),
        (OpenCensusText(), OC, (TRACE_ID, SPAN_ID, 1)),
        (OpenCensusBinary(), {"grpc-trace-bin": BINARY + b"\x01"}, (TRACE_ID, SPAN_ID, 1)),
        (OpenCensusBinary(), {"Grpc-Trace-Bin": bytearray(BINARY + b"\x00")}, (TRACE_ID, SPAN_ID, 0)),
        (
            OpenCensusBinary(),
            {"grpc-trace-bin": "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE="},
            (TRACE_ID, SPAN_ID, 1),
        ),
        (
            OpenCensusBinary(),
            {"grpc-trace-bin": b"AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE"},
            (TRACE_ID, SPAN_ID, 1),
        ),
        (
            Datadog(),
            {**DD, "X-Datadog-Sampling-Priority": "1", "x-datadog-tags": TID},
            (TRACE_ID, SPAN_ID, 1),
        ),
        (
            Datadog(),
            {**DD, "x-datadog-sampling-priority": "2", "x-datadog-tags": f"_dd.p.dm=-4,{TID},a=b"},
            (TRACE_ID, SPAN_ID, 1),
        ),
        (Datadog(), {**DD, "x-datadog-sampling-priority": "-1"}, (LOW, SPAN_ID, 0)),
        (Datadog(), {**DD, "x-datadog-sampling-priority": "0"}, (LOW, SPAN_ID, 0)),
        (Datadog(), DD, (LOW, SPAN_ID, DEFERRED)),
        (Datadog(), {**DD, "x-datadog-sampling-priority": "much"}, (LOW, SPAN_ID, DEFERRED)),
        (Datadog(), {**DD, "x-datadog-tags": "_dd.p.tid=4bf92f"}, (LOW, SPAN_ID, DEFERRED)),
        (Datadog(), {**DD, "x-datadog-tags": f"x{TID}"}, (LOW, SPAN_ID, DEFERRED)),
        (Datadog(), {**DD, "x-datadog-tags": f"{TID}0"}, (LOW, SPAN_ID, DEFERRED)),
    ],
)
def test_what_is_read(extracted, propagator, headers, expected):
    """Names have no case; what is optional may be missing; what is added by others is read over."""
    assert (*expected, False) == extracted(propagator, headers)


@pytest.mark.parametrize(
    ("propagator", "headers"),
    [
        (OT(), {"ot-tracer-traceid": TRACE}),
        (OT(), {"ot-tracer-spanid": SPAN, "ot-tracer-traceid": "x"}),
        (OT(), {"ot-tracer-spanid": SPAN, "ot-tracer-traceid": "0"}),
        (OT(), {"ot-tracer-spanid": f"1{SPAN}", "ot-tracer-traceid": TRACE}),
        (XRay(), {"x-amzn-trace-id": ""}),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT}"}),
        (XRay(), {"x-amzn-trace-id": f"Root=2{ROOT[1:]};Parent={SPAN}"}),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT}0;Parent={SPAN}"}),
        (XRay(), {"x-amzn-trace-id": f"Root=1-{'0' * 8}-{'0' * 24};Parent={SPAN}"}),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT};Parent={'0' * 16}"}),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT};Parent=x"}),
        (XRay(), {"x-amzn-trace-id": f"Root={ROOT};Parent={SPAN};" + "x" * 2_048}),
        (CloudTrace(), {"x-cloud-trace-context": TRACE}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE};o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/0;o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/{1 << 64};o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/\u0661;o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/-1;o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{'0' * 32}/1;o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/1;o=1;o=1"}),
        (CloudTrace(), {"x-cloud-trace-context": f"{TRACE}/1;o=x"}),
        (OpenCensusText(), {"opencensus-trace-traceid": TRACE}),
        (OpenCensusText(), {"opencensus-trace-spanid": SPAN}),
        (OpenCensusText(), {**OC, "opencensus-trace-traceid": "None"}),
        (OpenCensusBinary(), {"grpc-trace-bin": b""}),
        (OpenCensusBinary(), {"grpc-trace-bin": "AABL-S81"}),
        (OpenCensusBinary(), {"grpc-trace-bin": "AABLA"}),
        (OpenCensusBinary(), {"grpc-trace-bin": 5}),
        (OpenCensusBinary(), {"grpc-trace-bin": [BINARY + b"\x01"] * 2}),
        (Datadog(), {"x-datadog-trace-id": "1"}),
        (Datadog(), {**DD, "x-datadog-trace-id": "0"}),
        (Datadog(), {**DD, "x-datadog-trace-id": "-1"}),
        (Datadog(), {**DD, "x-datadog-trace-id": str(1 << 64)}),
        (Datadog(), {**DD, "x-datadog-trace-id": "1_0"}),
        (Datadog(), {**DD, "x-datadog-parent-id": "0"}),
        (Datadog(), {**DD, "x-datadog-trace-id": "9" * 400}),
    ],
)
def test_what_is_malformed_is_none(extracted, propagator, headers):
    """Nothing is found, and nothing raised."""
    assert None is extracted(propagator, headers)


@pytest.mark.parametrize("propagator", OTHERS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("span", [None, NOOP_SPAN, NonRecordingSpan(SpanContext(1 << 128, 1))])
def test_no_span_is_no_header(propagator, span):
    """Without valid ids there is nothing to send."""
    headers = {}
    propagator.inject(headers, Context(span))
    assert {} == headers


def test_an_id_whose_lower_half_is_zero_has_no_place_in_datadogs_header(injected):
    """Its 64 bits would be all zeros, which is no id."""
    assert {} == injected(Datadog(), trace_id=1 << 64)


def test_ot_baggage_is_written(injected):
    """Names have no case; a value that is not one line, and a name that is no token, stay here."""
    headers = injected(OT(), {"Tier": "gold & more", "evil": "1\r\n2", "a b": "c"})
    assert {"ot-baggage-tier": "gold & more"} == {
        name: value for name, value in headers.items() if "baggage" in name
    }


def test_ot_baggage_is_read_without_a_trace():
    """Baggage counts by itself."""
    context = OT().extract(
        {"Ot-Baggage-Tier": "gold", "ot-baggage-": "x", "ot-tracer-traceid": "1"}, _context.EMPTY
    )
    assert (None, {"tier": "gold"}) == (context.span, dict(context.baggage))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x01" + BINARY[1:] + b"\x01",
        BINARY[:-2],
        BINARY[:20],
        b"\x00\x01" + bytes(8),
        BINARY,
        bytes(29),
        BINARY + b"\x01" + bytes(200),
    ],
)
def test_bytes_that_are_no_span_context_are_invalid(data):
    """A length that does not fit, another version, ids of zero: all the same."""
    assert INVALID == opencensus_binary.decode(data)


@pytest.mark.parametrize(
    ("data", "flags"),
    [
        (BINARY + b"\x01", 1),
        (BINARY + b"\xff", 1),
        (BINARY + b"\x00", 0),
        (BINARY[:-1], 0),
        (BINARY + b"\x01\x03what is to come", 1),
        (b"\x00" + BINARY[18:27] + BINARY[1:18], 0),
    ],
)
def test_binary_fields_are_read(data, flags):
    """Options may be missing, fields may come in another order, and later ones are read over."""
    assert SpanContext(TRACE_ID, SPAN_ID, flags, is_remote=True) == opencensus_binary.decode(data)


def test_binary_fields_are_written():
    """29 bytes, as OpenCensus and gRPC have them."""
    assert (BINARY + b"\x01", 29) == (
        opencensus_binary.encode(SpanContext(TRACE_ID, SPAN_ID, 3)),
        len(opencensus_binary.encode(INVALID)),
    )


def test_binary_ids_must_fit():
    """A programmer's mistake is said where it is made."""
    with pytest.raises(OverflowError):
        opencensus_binary.encode(SpanContext(1 << 128, 1))
