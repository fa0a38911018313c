"""Send what is current in every format of the three interfaces, and be the peer that receives it.

A peer reads with midspan's propagators, to tell the ids, and with the interfaces', to go on under them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import opentracing
from opencensus.trace import execution_context, samplers
from opencensus.trace.propagation.b3_format import B3FormatPropagator
from opencensus.trace.propagation.binary_format import BinaryFormatPropagator
from opencensus.trace.propagation.google_cloud_format import GoogleCloudFormatPropagator
from opencensus.trace.propagation.text_format import TextFormatPropagator
from opencensus.trace.propagation.trace_context_http_header_format import TraceContextPropagator
from opencensus.trace.tracer import Tracer
from opentracing import Format

from midspan import context, propagation, trace
from midspan.trace import TraceFlags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.context import Context

    Ids = tuple[int, int, bool]

__all__ = ["WIRES", "Wire"]


def _ids_of(received: Context) -> Ids | None:
    """Return trace id, span id and whether it is sampled; None where nothing was received."""
    if received.span is None:
        return None
    found = received.span.context
    return found.trace_id, found.span_id, bool(found.trace_flags & TraceFlags.SAMPLED)


class Wire(NamedTuple):
    """One format of one interface.

    Attributes:
        send: gives a carrier that tells what is current.
        name: midspan's propagator that reads the carrier.
        go_on: starts a span, in a block, under what the carrier says, through the interface.
    """

    send: Callable[[], Any]
    name: str
    go_on: Callable[[Any], Any]

    def sent(self) -> Ids | None:
        """Return the ids that a peer receives."""
        return _ids_of(propagation.by_name([self.name]).extract(self.send(), context.EMPTY))


def _census(name: str, send: Callable[[Any], Any], receive: Callable[[Any], Any]) -> Wire:
    """Send as OpenCensus's integrations do: the span context of the tracer that they find."""

    def go_on(carrier: Any) -> Any:
        return Tracer(receive(carrier), sampler=samplers.AlwaysOnSampler()).span("callee")

    return Wire(lambda: send(execution_context.get_opencensus_tracer().span_context), name, go_on)


def _tracing(name: str, format_: str) -> Wire:
    """Send as OpenTracing's instrumentations do: the context of the span that is active."""

    def send() -> Any:
        tracer = opentracing.global_tracer()
        carrier: Any = bytearray() if format_ == Format.BINARY else {}
        tracer.inject(tracer.active_span.context, format_, carrier)
        return carrier

    def go_on(carrier: Any) -> Any:
        tracer = opentracing.global_tracer()
        return tracer.start_active_span("callee", child_of=tracer.extract(format_, carrier))

    return Wire(send, name, go_on)


class _TracingBinary(Wire):
    def sent(self) -> Ids:
        # Jaeger's layout: the two halves of the trace's id, the span's, the parent's, flags, all big-endian.
        carrier = self.send()
        trace_id, span_id = (int.from_bytes(part, "big") for part in (carrier[:16], carrier[16:24]))
        return trace_id, span_id, bool(carrier[32] & TraceFlags.SAMPLED)


def _send_natively() -> dict[str, str]:
    carrier: dict[str, str] = {}
    propagation.inject(carrier)
    return carrier


@contextmanager
def _go_on_natively(carrier: Any) -> Iterator[None]:
    native_tracer = trace.get_tracer("native")
    with context.attached(propagation.extract(carrier)), native_tracer.start_as_current_span("callee"):
        yield


def _census_binary() -> Wire:
    binary = BinaryFormatPropagator()
    return _census(
        "opencensus-binary",
        lambda given: {"grpc-trace-bin": binary.to_header(given)},
        lambda carrier: binary.from_header(carrier["grpc-trace-bin"]),
    )


def _census_headers(name: str, propagator: Any) -> Wire:
    return _census(name, propagator.to_headers, propagator.from_headers)


_text = TextFormatPropagator()
WIRES: dict[str, Wire] = {
    "OpenCensus, trace context": _census_headers("tracecontext", TraceContextPropagator()),
    "OpenCensus, B3": _census_headers("b3multi", B3FormatPropagator()),
    "OpenCensus, Google Cloud": _census_headers("cloudtrace", GoogleCloudFormatPropagator()),
    "OpenCensus, text": _census(
        "opencensus-text", lambda given: _text.to_carrier(given, {}), _text.from_carrier
    ),
    "OpenCensus, binary": _census_binary(),
    "OpenTracing, headers": _tracing("jaeger", Format.HTTP_HEADERS),
    "OpenTracing, text map": _tracing("b3", Format.TEXT_MAP),
    "OpenTracing, binary": _TracingBinary(*_tracing("", Format.BINARY)),
    "native": Wire(_send_natively, "tracecontext", _go_on_natively),
}
