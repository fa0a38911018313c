"""OpenCensus's propagators and midspan's of the same formats: each reads what the other writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencensus.trace.propagation.b3_format import B3FormatPropagator
from opencensus.trace.propagation.binary_format import BinaryFormatPropagator
from opencensus.trace.propagation.google_cloud_format import GoogleCloudFormatPropagator
from opencensus.trace.propagation.text_format import TextFormatPropagator
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator
from opencensus.trace.span_context import SpanContext
from opencensus.trace.trace_options import TraceOptions

from midspan import context, propagation, trace
from midspan.bridges import opencensus as bridge

if TYPE_CHECKING:
    from collections.abc import Callable

IDS = st.tuples(st.integers(1, (1 << 128) - 1), st.integers(1, (1 << 64) - 1), st.booleans())


class Twins(NamedTuple):
    """A format: midspan's name for it, and how OpenCensus's propagator writes and reads a carrier."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _headers(name, propagator):
    return Twins(name, propagator.to_headers, propagator.from_headers)


def _read_text(carrier):
    # Looked up when it is used: the bridge mends it.
    return _text.from_carrier(carrier)


_text, _binary = TextFormatPropagator(), BinaryFormatPropagator()
TWINS = [
    _headers("tracecontext", TraceContextPropagator()),
    _headers("b3multi", B3FormatPropagator()),
    _headers("cloudtrace", GoogleCloudFormatPropagator()),
    Twins("opencensus-text", lambda given: _text.to_carrier(given, {}), _read_text),
    Twins(
        "opencensus-binary",
        lambda given: {"grpc-trace-bin": _binary.to_header(given)},
        lambda carrier: _binary.from_header(carrier["grpc-trace-bin"]),
    ),
]
FORMATS = pytest.mark.parametrize("twins", TWINS, ids=[twins.name for twins in TWINS])


def _theirs(trace_id, span_id, sampled):
    return SpanContext(f"{trace_id:032x}", f"{span_id:016x}", TraceOptions(str(int(sampled))))


@FORMATS
@settings(max_examples=25)
@given(IDS)
def test_what_opencensus_sends_is_read(twins, ids):
    """Trace, span and decision of OpenCensus's header are those that a native service finds."""
    found = propagation.by_name([twins.name]).extract(twins.write(_theirs(*ids)), context.EMPTY).span.context
    assert ids == (found.trace_id, found.span_id, found.is_sampled)


@FORMATS
@settings(max_examples=25)
@given(IDS)
def test_opencensus_reads_what_is_sent(twins, ids):
    """Trace, span and decision of a native header are those that OpenCensus finds."""
    sent = {}
    native = trace.NonRecordingSpan(trace.SpanContext(ids[0], ids[1], int(ids[2])))
    propagation.by_name([twins.name]).inject(sent, context.EMPTY.with_span(native))
    carrier = sent if twins.name == "opencensus-binary" else _Titled(sent)
    found = twins.read(carrier)
    assert (f"{ids[0]:032x}", f"{ids[1]:016x}", ids[2]) == (
        found.trace_id,
        found.span_id,
        found.trace_options.get_enabled(),
    )


class _Titled(dict[str, Any]):
    """Headers as web frameworks give them: a name has no case."""

    def __init__(self, headers: dict[str, Any]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


@FORMATS
@settings(max_examples=25)
@given(IDS)
def test_without_the_bridge(twins, ids):
    """The formats are the same on the wire without the bridge: services migrate one by one."""
    with_it = twins.write(_theirs(*ids))
    bridge.uninstall()
    assert with_it == twins.write(_theirs(*ids))
    bridge.install()
